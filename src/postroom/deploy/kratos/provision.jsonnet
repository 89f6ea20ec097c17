// The body of the webhook that Kratos sends after a registration. Kratos runs this once for each webhook.
// It has only what Postroom needs: never add `ctx.request_cookies`, which holds the session cookie.
function(ctx)
  local traits = ctx.identity.traits;
  // An identity without an address gets no mailbox: "cancel" skips the call without an error.
  if std.objectHas(traits, 'email') then {
    identity: {
      id: ctx.identity.id,
      schema_id: ctx.identity.schema_id,
      state: ctx.identity.state,
      created_at: ctx.identity.created_at,
      traits: {
        email: traits.email,
        // The display name of the mailbox, if your identity schema has one (a text, or first and last).
        [if std.objectHas(traits, 'name') then 'name']: traits.name,
      },
    },
    flow_id: ctx.flow.id,
  }
  else error 'cancel'
