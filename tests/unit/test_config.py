"""Goal: settings are read once, options win over the environment, and nothing secret is shown."""

from pathlib import Path

import pytest

from orchestrator.config import SettingError, read


def test_everything_lies_in_the_home(tmp_path: Path) -> None:
    settings = read({"CAREPATH_HOME": str(tmp_path)})
    assert settings.database_file == tmp_path / "carepath.db"
    assert settings.keys == tmp_path / "carepath.keys"
    assert (settings.host, settings.port, settings.timezone, settings.broker_url) == ("127.0.0.1", 8000, "UTC", "")
    assert (settings.workflows / "shared").is_dir()


def test_the_home_follows_the_desktops_rule(tmp_path: Path) -> None:
    assert read({"XDG_DATA_HOME": str(tmp_path)}).home == tmp_path / "carepath"


def test_what_can_be_found_out_again_lies_in_the_cache(tmp_path: Path) -> None:
    assert read({"XDG_CACHE_HOME": str(tmp_path)}).cache == tmp_path / "carepath"
    assert read({"XDG_CACHE_HOME": "/elsewhere", "CAREPATH_CACHE": str(tmp_path)}).cache == tmp_path


def test_options_win(tmp_path: Path) -> None:
    environ = {"CAREPATH_HOME": "/elsewhere", "CAREPATH_PORT": "1", "CAREPATH_DATABASE_URL": "postgresql://a/b"}
    settings = read(environ, home=tmp_path, port=2, database_url="sqlite:////tmp/x.db", workflows=tmp_path)
    assert (settings.home, settings.port, settings.workflows) == (tmp_path, 2, tmp_path)
    assert settings.database_file == Path("/tmp/x.db")


def test_a_simulated_store_lies_beside_the_real_one(tmp_path: Path) -> None:
    environ = {"CAREPATH_HOME": str(tmp_path), "CAREPATH_DATABASE_URL": "postgresql://a/b", "CAREPATH_KEYS": "/k"}
    settings = read(environ, simulated=True)
    assert settings.database_file == tmp_path / "simulated" / "carepath.db"
    assert settings.keys == tmp_path / "simulated" / "carepath.keys"


def test_passwords_come_from_files_and_are_never_shown(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hidden/word\n")
    environ = {
        "CAREPATH_DATABASE_URL": "postgresql+psycopg://somebody@db:5432/carepath",
        "CAREPATH_DATABASE_PASSWORD_FILE": str(tmp_path / "secret"),
        "CAREPATH_BROKER_URL": "redis://redis:6379/0",
        "CAREPATH_BROKER_PASSWORD_FILE": str(tmp_path / "secret"),
    }
    settings = read(environ)
    assert settings.database_url == "postgresql+psycopg://somebody:hidden%2Fword@db:5432/carepath"
    assert settings.broker_url == "redis://:hidden%2Fword@redis:6379/0"
    assert settings.database_name == "postgresql+psycopg://db:5432/carepath"
    assert "hidden" not in repr(settings)


def test_a_password_in_the_address_stays(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("other")
    environ = {
        "CAREPATH_BROKER_URL": "redis://:word@redis/0",
        "CAREPATH_BROKER_PASSWORD_FILE": str(tmp_path / "secret"),
    }
    assert read(environ).broker_url == "redis://:word@redis/0"


@pytest.mark.parametrize("content", ["", "\n", "two\nlines", "x" * 2000])
def test_a_secret_is_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "secret").write_text(content)
    environ = {
        "CAREPATH_BROKER_URL": "redis://redis/0",
        "CAREPATH_BROKER_PASSWORD_FILE": str(tmp_path / "secret"),
    }
    with pytest.raises(SettingError, match="must hold one line"):
        read(environ)


@pytest.mark.parametrize("port", ["-1", "65536", "x"])
def test_a_port_that_cannot_be(port: str) -> None:
    with pytest.raises(SettingError, match="the port must be"):
        read({"CAREPATH_PORT": port})


def test_the_hospitals_values_are_named_or_lie_beside_the_pathways(tmp_path: Path) -> None:
    here = {"CAREPATH_HOME": str(tmp_path), "CAREPATH_WORKFLOWS": str(tmp_path)}
    assert read(here).local_file is None
    (tmp_path / "local.yaml").write_text("")
    assert read(here).local_file == tmp_path / "local.yaml"
    assert read({**here, "CAREPATH_LOCAL": "ours.yaml"}).local_file == Path("ours.yaml")
    assert read({**here, "CAREPATH_LOCAL": "ours.yaml"}, local=Path("mine.yaml")).local_file == Path("mine.yaml")


@pytest.mark.parametrize(
    ("said", "place"),
    [("9100", ("127.0.0.1", 9100)), ("0.0.0.0:9100", ("0.0.0.0", 9100)), ("[::1]:9100", ("::1", 9100)), ("", None)],
)
def test_where_figures_are_told(tmp_path: Path, said: str, place: tuple[str, int] | None) -> None:
    assert read({"CAREPATH_HOME": str(tmp_path), "CAREPATH_METRICS": said}).metrics == place


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CAREPATH_METRICS", "0"),
        ("CAREPATH_METRICS", "here"),
        ("CAREPATH_LOG", "xml"),
        ("CAREPATH_DRAIN", "-1"),
        ("CAREPATH_BROKER_URL", "http://broker"),
        ("CAREPATH_SECOND_FACTOR", "Lead; Nurse"),
    ],
)
def test_a_setting_that_cannot_be_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=name):
        read({name: value})


def test_rabbitmq_is_an_address_like_another(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hidden/word")
    environ = {
        "CAREPATH_BROKER_URL": "amqp://carepath@rabbitmq:5672//",
        "CAREPATH_BROKER_PASSWORD_FILE": str(tmp_path / "secret"),
    }
    assert read(environ).broker_url == "amqp://carepath:hidden%2Fword@rabbitmq:5672//"


@pytest.mark.parametrize(
    ("address", "with_it"),
    [
        ("postgresql://carepath@/ward?host=one,two", "postgresql://carepath:hidden%2Fword@/ward?host=one,two"),
        ("postgresql:///ward?host=/run/postgresql", "postgresql://:hidden%2Fword@/ward?host=/run/postgresql"),
        ("postgresql://carepath@/ward?host=one&password=own", "postgresql://carepath@/ward?host=one&password=own"),
    ],
)
def test_a_database_whose_servers_stand_behind_its_name_is_given_the_password_too(
    tmp_path: Path, address: str, with_it: str
) -> None:
    (tmp_path / "secret").write_text("hidden/word")
    environ = {"CAREPATH_DATABASE_URL": address, "CAREPATH_DATABASE_PASSWORD_FILE": str(tmp_path / "secret")}
    assert read(environ).database_url == with_it


@pytest.mark.parametrize(
    ("name", "address", "says"),
    [
        ("CAREPATH_DATABASE_URL", "postgresql://carepath@db:many/ward", r"the store's address .*\?host=FIRST,SECOND"),
        ("CAREPATH_DATABASE_URL", "postgresql://carepath@one:5432,two:5432/ward", "the store's address cannot be read"),
        ("CAREPATH_DATABASE_URL", "postgresql://carepath@[db/ward", "the store's address cannot be read"),
        ("CAREPATH_BROKER_URL", "redis://broker:many/0", "CAREPATH_BROKER_URL cannot be read"),
    ],
)
def test_an_address_that_cannot_be_read_is_no_defect(name: str, address: str, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        read({name: address})


def test_how_people_must_have_signed_in_at_the_provider_is_a_list_of_words() -> None:
    provider = {"CAREPATH_OIDC_ISSUER": "https://login.example", "CAREPATH_OIDC_CLIENT_ID": "carepath"}
    for said, wanted in (
        (None, ()),
        ("mfa", ("mfa",)),
        (" mfa  https://loa.example/3", ("mfa", "https://loa.example/3")),
    ):
        found = read(provider if said is None else {**provider, "CAREPATH_OIDC_ACR": said}).openid
        assert found is not None
        assert found.acr == wanted
    with pytest.raises(SettingError, match="visible ASCII"):
        read({**provider, "CAREPATH_OIDC_ACR": "mfä"})
