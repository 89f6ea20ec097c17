"""What `up` suggests to try once everything runs, depending on the parts of this trial."""

import json
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

from postroom.domain.backoff import calculate_backoff_seconds
from postroom_sandbox.data_folder import DEFAULT_DATA_FOLDER

ALICE = "8b9e4c7a-c3d6-4dae-a06a-acb8a03ece9a"
FRANK = "5a1c2f6e-0d3b-4b7a-9f0e-2f4d1c9b8a77"
WORD = "should-fail"


@dataclass(frozen=True, slots=True)
class RunningTrial:
    """`own` names the servers that are the user's instead of stand-ins (`Stalwart`, `Kratos`). `missing_for_mail` names
    the missing settings without which there is no mail for people."""

    environment: Mapping[str, str]
    own: Collection[str]
    missing_for_mail: Sequence[str]
    data: Path

    @property
    def domain(self) -> str:
        return self.environment["POSTROOM_DOMAINS"].partition(",")[0]

    @property
    def first_retry(self) -> str:
        factor = float(self.environment.get("POSTROOM_DELAY_FACTOR", 1))
        return f"{calculate_backoff_seconds(1) * factor:g} s"


def things_to_try(trial: RunningTrial) -> list[str]:
    """Blocks of lines for a shell, each with a comment. What needs a stand-in is omitted if there is none."""
    blocks = [_find_the_trial(trial)] if _data_option(trial) else []
    blocks += [_register(trial), _see_the_log(trial)]
    blocks.append(_check(trial) if "Stalwart" in trial.own else _fail(trial))
    if not trial.missing_for_mail:
        blocks.append(_mail(trial))
    return ["\n".join([*_comment(f"{number}. {title}"), *lines]) for number, (title, *lines) in enumerate(blocks, 1)]


def _comment(text: str) -> list[str]:
    return wrap(
        text, 80, initial_indent="# ", subsequent_indent="#    ", break_long_words=False, break_on_hyphens=False
    )


def _find_the_trial(trial: RunningTrial) -> list[str]:
    """Without this, commands look in the default folder only."""
    return ["Let the commands in this shell find the trial.", f'eval "$({_postroom()} env{_data_option(trial)})"']


def _register(trial: RunningTrial) -> list[str]:
    title = "Register alice: send what Kratos sends after a registration."
    if "Kratos" in trial.own:
        title += " Your Kratos sends it by itself once it has the hook: deploy/kratos/README.md"
    return [title, _hook(trial, ALICE, "alice")]


def _see_the_log(trial: RunningTrial) -> list[str]:
    return ["See what happened to alice.", f"{_postroom()} log alice@{trial.domain}"]


def _fail(trial: RunningTrial) -> list[str]:
    return [
        f"Make the mail server fail for addresses with {WORD} in them, register one, and see its log: the first retry "
        f"comes after {trial.first_retry}. If you end the fault before then, that retry makes the mailbox.",
        _sandbox(trial, f"fault fail --word {WORD}"),
        _hook(trial, FRANK, WORD),
        f"{_postroom()} log {WORD}@{trial.domain}",
        _sandbox(trial, "fault off"),
    ]


def _check(trial: RunningTrial) -> list[str]:
    return ["Check that your Stalwart and all other parts answer, and see what to change.", f"{_postroom()} check"]


def _mail(trial: RunningTrial) -> list[str]:
    you = f"you@{trial.domain}"
    if "Kratos" in trial.own:
        register = f"Register as {you} at your Kratos"
        watch = f"open {trial.environment['POSTROOM_URL']} in the same browser"
    else:
        register = f"Register as {you} at {trial.environment['POSTROOM_URL']}/sign-up"
        watch = "leave the inbox open"
    if "Stalwart" in trial.own:
        return [f"{register}, {watch}, send mail to {you} through your Stalwart, and see it come in."]
    return [
        f"{register}, {watch}, then send mail and see it come in.",
        _sandbox(trial, f'deliver {you} --subject "Good morning"'),
    ]


def _hook(trial: RunningTrial, identity_id: str, name: str) -> str:
    body = json.dumps({"identity": {"id": identity_id, "traits": {"email": f"{name}@{trial.domain}"}}})
    key = trial.environment["POSTROOM_WEBHOOK_KEY"]
    return (
        f"curl -sS {trial.environment['POSTROOM_URL']}/internal/mail/provision -H 'Content-Type: application/json'"
        f" -H {shlex.quote(f'X-Postroom-Key: {key}')} -d '{body}'"
    )


def _sandbox(trial: RunningTrial, arguments: str) -> str:
    return f"{_postroom()} sandbox {arguments}{_data_option(trial)}"


def _data_option(trial: RunningTrial) -> str:
    return "" if trial.data == DEFAULT_DATA_FOLDER.resolve() else f" --data {shlex.quote(str(trial.data))}"


def _postroom() -> str:
    return ".venv/bin/postroom" if Path(".venv/bin/postroom").exists() else "postroom"
