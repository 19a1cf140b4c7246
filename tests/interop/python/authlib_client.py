"""PyPI Authlib, with joserfc for signatures. Reads the provider and its clients from standard input."""

import json
import sys
import time
import warnings
from types import SimpleNamespace
from urllib.parse import quote_plus

import requests
from authlib.integrations.base_client import OAuthError
from authlib.oauth2 import ResourceProtector, rfc8414, rfc9207
from authlib.oauth2.rfc6749 import MismatchingStateException
from authlib.oauth2.rfc6750 import InvalidTokenError
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc7662 import IntrospectTokenValidator
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from authlib.oauth2.rfc9068.claims import JWTAccessTokenClaims
from authlib.oidc import discovery, rpinitiated
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from application import Application, expired
from browser import Browser
from checks import check, raises, run

# RFC 9864 calls it Ed25519, a name that few clients know yet.
warnings.filterwarnings("ignore", "EdDSA is deprecated")

TIMEOUT = 10
ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA"]


def spa(world, **more):
    return Application(world, "spa", **more)


def plain(world, **more):
    """Authlib does not encode identifier and secret in the header; these two need no encoding."""
    return Application(world, world.plain["id"], world.plain["secret"], "client_secret_basic", **more)


def post(world, **more):
    return Application(world, world.post["id"], world.post["secret"], "client_secret_post", **more)


METHODS = {
    "none": spa,
    "client_secret_basic": plain,
    "client_secret_post": post,
    "private_key_jwt, key by value": lambda world, **more: Application.with_key(world, "key-by-value", **more),
    "private_key_jwt, key by jwks_uri": lambda world, **more: Application.with_key(world, "key-by-uri", **more),
}


def fetch(url):
    response = requests.get(url, timeout=TIMEOUT)
    response.raise_for_status()
    return response.json()


def key_set(world):
    return KeySet.import_key_set(fetch(world.issuer + "/.well-known/jwks.json"))


def refused(error, function, *arguments, **named):
    thrown = raises(OAuthError, function, *arguments, **named)
    assert thrown.error == error, thrown


@check("the metadata is valid by OpenID Discovery, RFC 8414, RFC 9207 and RP-Initiated Logout")
def metadata(world):
    by_openid = fetch(world.issuer + "/.well-known/openid-configuration")
    assert by_openid["issuer"] == world.issuer
    discovery.OpenIDProviderMetadata(by_openid).validate(
        metadata_classes=[rpinitiated.OpenIDProviderMetadata, rfc9207.AuthorizationServerMetadata]
    )
    by_oauth = fetch(world.issuer + "/.well-known/oauth-authorization-server")
    rfc8414.AuthorizationServerMetadata(by_oauth).validate()
    assert by_oauth == by_openid


@check("the key set has a public key for each algorithm")
def keys(world):
    keys = key_set(world).keys
    assert sorted({key.alg for key in keys}) == sorted(ALGORITHMS)
    assert not any(key.is_private for key in keys)
    assert len({key.kid for key in keys}) == len(keys)


def whole_life(method, make):
    @check(f"{method}: code, two refreshes, userinfo, introspection, revocation")
    def life(world):
        app = make(world)
        token = app.login(max_age="60")
        claims = token["claims"]
        assert claims["at_hash"] and time.time() - claims["auth_time"] < 60
        second = app.refresh(token["refresh_token"])
        third = app.refresh(second["refresh_token"])
        assert len({t["refresh_token"] for t in (token, second, third)}) == 3
        person = app.userinfo(token=third)
        assert (person.sub, person.email, person.name) == (claims["sub"], "alice@example.test", "Alice Ångström")
        person.validate_locale()
        if method == "none":
            app.revoke(third["refresh_token"], hint="refresh_token")
        else:
            seen = app.introspect(third["access_token"])
            assert seen["active"] and seen["sub"] == claims["sub"] and seen["username"] == "alice"
            app.revoke(third["refresh_token"])
            assert app.introspect(third["access_token"]) == {"active": False}
            assert app.introspect(third["refresh_token"]) == {"active": False}
        refused("invalid_grant", app.refresh, third["refresh_token"])
        raises(requests.HTTPError, app.userinfo, token=third)


def machine(method, make):
    @check(f"{method}: client_credentials")
    def credentials(world):
        app = make(world, scope="orders:read")
        token = app.client_credentials()
        assert "refresh_token" not in token and "id_token" not in token
        decoded = jwt.decode(token["access_token"], key_set(world), algorithms=["ES256"])
        assert decoded.claims["sub"] == app.client_id and decoded.claims["scope"] == "orders:read"
        app.revoke(token["access_token"], hint="access_token")
        assert app.introspect(token["access_token"]) == {"active": False}


def signed(alg):
    @check(f"{alg}: ID token, userinfo and access token are verified")
    def verified(world):
        app = Application(world, f"signed-{alg}", scope="openid email orders:read")
        # parse_id_token has verified the ID token with the keys of the provider.
        token = app.login()
        assert jwt.decode(token["id_token"], key_set(world), algorithms=[alg]).header["alg"] == alg
        access = jwt.decode(token["access_token"], key_set(world), algorithms=[alg])
        options = {name: {"essential": True} for name in ("exp", "iat", "jti", "sub", "client_id")}
        options |= {"iss": {"essential": True, "value": world.issuer}, "aud": {"essential": True, "value": world.api}}
        JWTAccessTokenClaims(access.claims, access.header, options).validate()
        with app.session() as session:
            session.token = token
            response = session.get(app.load_server_metadata()["userinfo_endpoint"])
        assert response.headers["content-type"] == "application/jwt"
        person = jwt.decode(response.text, key_set(world), algorithms=[alg]).claims
        assert person["sub"] == token["claims"]["sub"] and person["aud"] == app.client_id
        for other in set(ALGORITHMS) - {alg}:
            raises(JoseError, jwt.decode, token["access_token"], key_set(world), algorithms=[other])


for name, maker in METHODS.items():
    whole_life(name, maker)
for name, maker in METHODS.items():
    if name != "none":
        machine(name, maker)
for algorithm in ALGORITHMS:
    signed(algorithm)


@check("an ID token with another nonce, or beside another access token, is not accepted")
def foreign_id_token(world):
    app = spa(world)
    token = app.login(max_age="60")
    raises(JoseError, app.parse_id_token, token, nonce="another")
    decoded = jwt.decode(token["id_token"], key_set(world))
    options = {"iss": {"value": world.issuer}, "aud": {"value": app.client_id}}
    params = {"client_id": app.client_id, "max_age": 60, "access_token": token["access_token"]}
    CodeIDToken(decoded.claims, decoded.header, options, params).validate()
    other = {**params, "access_token": "another"}
    raises(JoseError, CodeIDToken(decoded.claims, decoded.header, options, other).validate)


@check("an answer by form_post is accepted")
def form_post(world):
    app = spa(world)
    begun = app.begin(response_mode="form_post")
    answer = Browser(world.issuer).visit(begun["url"], world.person)
    assert (answer.method, answer.url) == ("POST", world.redirect_uri)
    assert app.finish(begun, answer)["claims"]["sub"]


@check("an answer with another state is not accepted")
def other_state(world):
    app = spa(world)
    begun = app.begin()
    answer = Browser(world.issuer).visit(begun["url"], world.person)
    with app.session(state="another") as session:
        raises(MismatchingStateException, session.fetch_token, authorization_response=answer.url)


@check("errors of the authorization endpoint reach the application")
def authorization_errors(world):
    app = spa(world)
    begun = app.begin(prompt="none")
    refused("login_required", app.finish, begun, Browser(world.issuer).visit(begun["url"]))
    begun = app.begin(prompt="consent")
    answer = Browser(world.issuer).visit(begun["url"], world.person, decision="deny")
    assert answer.fields["state"] == begun["state"] and answer.fields["iss"] == world.issuer
    refused("access_denied", app.finish, begun, answer)


@check("a replayed code is invalid_grant and kills what came of it")
def replay(world):
    app = plain(world)
    begun = app.begin()
    answer = Browser(world.issuer).visit(begun["url"], world.person)
    token = app.finish(begun, answer)
    refused("invalid_grant", app.finish, begun, answer)
    assert app.introspect(token["access_token"]) == {"active": False}


@check("a wrong secret is invalid_client")
def wrong_secret(world):
    wrong = world.plain["secret"] + "x"
    for client, method in ((world.plain, "client_secret_basic"), (world.post, "client_secret_post")):
        app = Application(world, client["id"], wrong, method, scope="orders:read")
        refused("invalid_client", app.client_credentials)


@check("a secret with reserved characters is accepted in the header once the application has encoded it")
def reserved_characters(world):
    as_it_is = (world.basic["id"], world.basic["secret"])
    # RFC 6749 §2.3.1 requires the encoding, which Authlib leaves out.
    encoded = tuple(quote_plus(text) for text in as_it_is)
    app = Application(world, *encoded, "client_secret_basic", scope="orders:read")
    assert app.client_credentials()["access_token"]


@check("an assertion with the hour of Authlib's default is refused")
def long_assertion(world):
    app = Application.with_key(world, "key-by-value", assertions=PrivateKeyJWT, scope="orders:read")
    refused("invalid_client", app.client_credentials)


@check("a session refreshes by itself when the access token has had its time")
def refreshes_by_itself(world):
    app = spa(world)
    token = app.login()
    person = app.userinfo(token=expired(token))
    assert person.sub == token["claims"]["sub"]
    renewed = app.framework.token
    assert renewed["access_token"] != token["access_token"]
    assert renewed["refresh_token"] != token["refresh_token"]


@check("a refresh that names a narrower scope gets it, a wider one is invalid_scope")
def narrower(world):
    app = spa(world, scope="openid email orders:read")
    token = app.login()
    less = app.refresh(token["refresh_token"], scope="openid orders:read")
    assert less["scope"] == "openid orders:read"
    refused("invalid_scope", app.refresh, less["refresh_token"], scope="openid orders:write")


@check("under strict rotation a refresh token used twice ends the grant")
def strict(world):
    app = Application(world, "strict")
    first = app.login()["refresh_token"]
    second = app.refresh(first)["refresh_token"]
    refused("invalid_grant", app.refresh, first)
    refused("invalid_grant", app.refresh, second)


@check("an API protected with Authlib reads JWT access tokens offline")
def protected_api(world):
    class Validator(JWTBearerTokenValidator):
        def get_jwks(self):
            return key_set(world)

    token = spa(world, scope="openid orders:read").login()
    claims = protected(Validator(world.issuer, world.api), token["access_token"])
    assert claims["sub"] == token["claims"]["sub"]
    elsewhere = Validator(world.issuer, "api://mail")
    raises(InvalidTokenError, protected, elsewhere, token["access_token"])
    raises(InvalidTokenError, protected, Validator(world.issuer, "spa"), token["id_token"])


@check("an API protected with Authlib reads opaque access tokens by introspection")
def protected_by_introspection(world):
    api = Application(world, world.orders_api["id"], world.orders_api["secret"], "client_secret_basic")

    class Validator(IntrospectTokenValidator):
        def introspect_token(self, token_string):
            return api.introspect(token_string)

    app = Application(world, "opaque", world.plain["secret"], "client_secret_basic", scope="openid orders:read")
    token = app.login()
    assert protected(Validator(), token["access_token"])["aud"] == world.api
    app.revoke(token["access_token"])
    raises(InvalidTokenError, protected, Validator(), token["access_token"])


def protected(validator, access_token):
    """A request to an API that asks for the scope orders:read."""
    api = ResourceProtector()
    api.register_token_validator(validator)
    request = SimpleNamespace(headers={"Authorization": f"Bearer {access_token}"})
    return api.validate_request(["orders:read"], request)


@check("logout by the library's URL ends the session and comes back with its state")
def logout(world):
    app = spa(world)
    browser = Browser(world.issuer)
    token = app.login(browser)
    built = app.create_logout_url(world.after_logout, token["id_token"], state="bye & thanks")
    back = browser.visit(built["url"])
    assert back.url.startswith(world.after_logout + "?") and back.fields == {"state": "bye & thanks"}
    refused("login_required", app.login, browser, prompt="none")
    refused("invalid_grant", app.refresh, token["refresh_token"])


if __name__ == "__main__":
    run(SimpleNamespace(**json.load(sys.stdin)))
