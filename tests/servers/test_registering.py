"""Registering our webhook at Plex, Jellyfin and Emby: once, read back, and with everything of others left as it was."""

import asyncio
import copy
import json
from typing import Any

import httpx
import pytest

from scrobbled.config import Config, loads
from scrobbled.core.errors import ConfigError, NotRegistered
from scrobbled.sandbox.faults import Fault
from scrobbled.sandbox.plex.people import ANNA
from scrobbled.sandbox.server import Sandbox
from scrobbled.servers.registering import Registered, register

TOKEN = "hook-token-4711-do-not-show"
CONFIG = f"""
sources:
  plex: {{token: {TOKEN}, server_token: sandbox-plextv-anna, account_url: "http://sandbox/plextv"}}
  jellyfin: {{token: {TOKEN}-j, url: "http://sandbox/jellyfin", server_token: sandbox-jellyfin-key}}
  emby: {{token: {TOKEN}-e, url: "http://sandbox/emby", server_token: sandbox-emby-key}}
  kodi: {{token: {TOKEN}-k}}
viewers: [{{name: anna}}]
"""
OTHERS = ["https://example.org/hook?a=1&b=ü x", "https://example.org/other"]


def ours(source: str) -> str:
    return f"http://nas.local:8484/webhooks/{source}/{TOKEN}"


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(only=("plex", "plextv", "jellyfin", "emby"))


def registered(sandbox: Sandbox, source: str, config: Config | None = None, url: str = "") -> Registered:
    transport = httpx.ASGITransport(sandbox)  # type: ignore[arg-type]
    return asyncio.run(register(config or loads(CONFIG, {}), source, url or ours(source), transport=transport))


def posts(sandbox: Sandbox, source: str) -> int:
    return len(sandbox["plextv" if source == "plex" else source].calls("POST *"))


@pytest.mark.parametrize("source", ["plex", "jellyfin", "emby"])
def test_it_is_registered_once_and_a_second_time_changes_nothing(sandbox: Sandbox, source: str) -> None:
    assert registered(sandbox, source).changed
    again = registered(sandbox, source)
    assert (again.source, again.changed, again.others) == (source, False, 0)
    assert posts(sandbox, source) == 1


# Plex


def test_the_webhooks_of_others_stay_at_plex(sandbox: Sandbox) -> None:
    sandbox["plextv"].webhooks[ANNA.id] = list(OTHERS)
    done = registered(sandbox, "plex")
    assert sandbox["plextv"].webhooks[ANNA.id] == [*OTHERS, ours("plex")]
    assert (done.changed, done.others, done.notes) == (True, 2, ())


def test_an_old_address_of_ours_is_told_and_stays(sandbox: Sandbox) -> None:
    old = f"http://192.0.2.7:8484/webhooks/plex/{TOKEN}"
    sandbox["plextv"].webhooks[ANNA.id] = [old]
    done = registered(sandbox, "plex")
    assert sandbox["plextv"].webhooks[ANNA.id] == [old, ours("plex")]
    assert "another address with the same token" in done.notes[0].lower()


def test_without_plex_pass_it_is_said_what_to_do_instead(sandbox: Sandbox) -> None:
    sandbox["plextv"].without_pass.add(ANNA.id)
    with pytest.raises(NotRegistered, match=r"need Plex Pass.*mode: live.*scrobbled webhook tautulli"):
        registered(sandbox, "plex")
    assert posts(sandbox, "plex") == 0


@pytest.mark.parametrize("rows", [{"webhooks": []}, [{"uri": "x"}], ["https://example.org"]])
def test_a_list_that_is_not_understood_is_never_written_over(sandbox: Sandbox, rows: Any) -> None:
    sandbox["plextv"].faults.add(Fault("GET /api/v2/user/webhooks", status=200, body=rows))
    with pytest.raises(NotRegistered, match="something else than a list"):
        registered(sandbox, "plex")
    assert posts(sandbox, "plex") == 0


# Jellyfin


def test_other_destinations_and_settings_of_the_plugin_stay(sandbox: Sandbox) -> None:
    other = {
        "WebhookName": "mine",
        "WebhookUri": OTHERS[0],
        "NotificationTypes": ["Generic"],
        "Odd": {"a": [1.5, None]},
    }
    whole = sandbox["jellyfin"].configurations[_PLUGIN]
    whole["GenericOptions"] = [other]
    whole["DiscordOptions"] = [{"AvatarUrl": "x"}]
    before = copy.deepcopy(whole)
    done = registered(sandbox, "jellyfin")
    after = sandbox["jellyfin"].configurations[_PLUGIN]
    assert after["GenericOptions"][0] == other
    assert {**after, "GenericOptions": None} == {**before, "GenericOptions": None}
    assert done.others == 1
    mine = after["GenericOptions"][1]
    assert (mine["WebhookUri"], mine["EnableWebhook"], mine["SendAllProperties"]) == (ours("jellyfin"), True, True)
    assert (mine["EnableMovies"], mine["EnableEpisodes"], mine["EnableSongs"]) == (True, True, False)
    assert set(mine["NotificationTypes"]) == {"ItemAdded", "PlaybackStart", "PlaybackStop", "UserDataSaved"}


def test_a_destination_that_was_switched_off_is_put_right_and_keeps_what_its_owner_chose(sandbox: Sandbox) -> None:
    registered(sandbox, "jellyfin")
    entry = sandbox["jellyfin"].configurations[_PLUGIN]["GenericOptions"][0]
    entry.update(EnableWebhook=False, WebhookName="TV", UserFilter=["0011"], NotificationTypes=["PlaybackProgress"])
    assert registered(sandbox, "jellyfin").changed
    (after,) = sandbox["jellyfin"].configurations[_PLUGIN]["GenericOptions"]
    assert (after["EnableWebhook"], after["WebhookName"], after["UserFilter"]) == (True, "TV", ["0011"])
    assert after["NotificationTypes"][0] == "PlaybackProgress"
    assert "PlaybackStop" in after["NotificationTypes"]


@pytest.mark.parametrize("source", ["jellyfin", "emby"])
def test_where_we_were_reached_under_another_address_that_is_replaced(sandbox: Sandbox, source: str) -> None:
    old = f"https://old.example.org/webhooks/{source}/{TOKEN}"
    registered(sandbox, source, url=old)
    done = registered(sandbox, source)
    assert (done.changed, done.others) == (True, 0)
    listed = sandbox["jellyfin"].configurations[_PLUGIN]["GenericOptions"], sandbox["emby"].notifiers
    urls = [one["WebhookUri"] for one in listed[0]] + [one["Options"]["Url"] for one in listed[1]]
    assert urls == [ours(source)]


@pytest.mark.parametrize("whole", [None, [], "no", {"GenericOptions": {}}, {"GenericOptions": ["odd"]}])
def test_a_configuration_that_is_not_understood_is_never_written_over(sandbox: Sandbox, whole: Any) -> None:
    fault = Fault("GET /Plugins/*/Configuration", status=200, body=json.dumps(whole), content_type="application/json")
    sandbox["jellyfin"].faults.add(fault)
    with pytest.raises(NotRegistered, match="something else than"):
        registered(sandbox, "jellyfin")
    assert posts(sandbox, "jellyfin") == 0


def test_a_missing_plugin_is_to_be_installed_first(sandbox: Sandbox) -> None:
    del sandbox["jellyfin"].configurations[_PLUGIN]
    with pytest.raises(NotRegistered, match="Dashboard > Plugins > Catalog, install Webhook, restart"):
        registered(sandbox, "jellyfin")


def test_a_plugin_that_waits_for_a_restart_is_said_to(sandbox: Sandbox) -> None:
    rows = [{"Name": "Webhook", "Id": "71552a5a-5c5c-4350-a2ae-ebe451a30173", "Status": "Restart"}]
    sandbox["jellyfin"].faults.add(Fault("GET /Plugins", status=200, body=rows))
    with pytest.raises(NotRegistered, match=r"does not run \(Restart\)"):
        registered(sandbox, "jellyfin")


# Emby


def test_other_notifications_stay_at_emby_and_ours_is_complete(sandbox: Sandbox) -> None:
    done = registered(sandbox, "emby")
    assert done.changed
    (mine,) = [one for one in sandbox["emby"].notifiers if one["Options"]["Url"] == ours("emby")]
    assert mine["Enabled"] is True
    assert mine["UserIds"] == []
    assert {"playback.stop", "item.markplayed", "item.markunplayed"} <= set(mine["EventIds"])
    assert mine["Options"]["EnableMultipartFormData"] is False


# All


@pytest.mark.parametrize(("source", "name"), [("plex", "plextv"), ("jellyfin", "jellyfin"), ("emby", "emby")])
def test_a_token_that_is_refused_is_named_and_never_shown(sandbox: Sandbox, source: str, name: str) -> None:
    config = loads(CONFIG.replace("sandbox-", "wrong-token-of-"), {})
    with pytest.raises(NotRegistered, match="server_token") as raised:
        registered(sandbox, source, config)
    assert "wrong-token-of-" not in str(raised.value)


@pytest.mark.parametrize(("source", "name"), [("plex", "plextv"), ("jellyfin", "jellyfin"), ("emby", "emby")])
@pytest.mark.parametrize("kind", ["drop", "html", "malformed"])
def test_a_server_that_fails_leaves_an_error_that_says_so(sandbox: Sandbox, source: str, name: str, kind: str) -> None:
    sandbox[name].faults.add(Fault("GET *", kind=kind))
    with pytest.raises(NotRegistered, match="by hand"):
        registered(sandbox, source)
    assert posts(sandbox, source) == 0


@pytest.mark.parametrize(("source", "name"), [("plex", "plextv"), ("jellyfin", "jellyfin"), ("emby", "emby")])
def test_an_accepted_webhook_that_is_not_there_is_not_believed(sandbox: Sandbox, source: str, name: str) -> None:
    sandbox[name].faults.add(Fault("POST *", status=204))
    with pytest.raises(NotRegistered, match="accepted our webhook, but does not"):
        registered(sandbox, source)


@pytest.mark.parametrize(
    ("text", "source", "says"),
    [
        ("plex: {token: " + TOKEN + "}", "plex", "sources.plex.server_token: "),
        ("emby: {token: " + TOKEN + "}", "emby", "sources.emby.url: .*\n?.*"),
        ("kodi: {token: " + TOKEN + "}", "kodi", "cannot be registered"),
    ],
)
def test_what_is_missing_to_ask_the_server_is_named(sandbox: Sandbox, text: str, source: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        registered(sandbox, source, loads(f"sources: {{{text}}}\nviewers: [{{name: anna}}]", {}))


_PLUGIN = "71552a5a5c5c4350a2aeebe451a30173"
