"""An application that logs users in with Authlib, as its integrations for web frameworks do."""

import time

from authlib.integrations.base_client import BaseApp, OAuth2Mixin, OAuthError, OpenIDMixin
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc7523.assertion import private_key_jwt_sign
from joserfc.jwk import ECKey

from browser import Browser


class ShortLived(PrivateKeyJWT):
    """Authlib's own assertions are valid for an hour, which is longer than the provider accepts."""

    def sign(self, auth, token_endpoint):
        return private_key_jwt_sign(
            auth.client_secret,
            client_id=auth.client_id,
            token_endpoint=token_endpoint,
            alg=self.alg,
            expires_in=60,
        )


class Remembered:
    """A replacement for the web framework: it keeps the token of the last refresh."""

    token = None

    def update_token(self, token, refresh_token=None, access_token=None):
        self.token = token


class Application(OAuth2Mixin, OpenIDMixin, BaseApp):
    """One client of the provider."""

    client_cls = OAuth2Session

    def __init__(self, world, client_id, secret=None, method="none", scope="openid profile email"):
        self.world = world
        super().__init__(
            Remembered(),
            name=client_id,
            client_id=client_id,
            client_secret=secret,
            server_metadata_url=world.issuer + "/.well-known/openid-configuration",
            client_kwargs={
                "scope": scope,
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": method,
                "revocation_endpoint_auth_method": method,
                "default_timeout": 10,
            },
        )

    @classmethod
    def with_key(cls, world, client_id, assertions=ShortLived, **more):
        """A client that authenticates with a signed assertion."""
        app = cls(world, client_id, ECKey.import_key(world.private_jwk), "private_key_jwt", **more)
        app.client_auth_methods = [assertions(world.issuer + "/token", alg="ES256")]
        return app

    def session(self, **more):
        """A session of this client, for requests without a method in the integrations."""
        return self._get_oauth_client(**self.load_server_metadata(), **more)

    def begin(self, **parameters):
        """The authorization request, and the values that the client keeps."""
        return self.create_authorization_url(self.world.redirect_uri, **parameters)

    def finish(self, begun, answer):
        """The work of the integrations at the redirect URI, and RFC 9207 §2.4, which they leave to the application."""
        fields = answer.fields
        if "error" in fields:
            raise OAuthError(error=fields["error"], description=fields.get("error_description"))
        assert fields["iss"] == self.world.issuer
        assert fields["state"] == begun["state"]
        kept = {"code_verifier": begun["code_verifier"], "redirect_uri": self.world.redirect_uri}
        params = self._format_state_params(kept, {"code": fields["code"], "state": fields["state"]})
        token = self.fetch_access_token(**params)
        if "id_token" in token:
            token["claims"] = self.parse_id_token(token, nonce=begun["nonce"])
        return token

    def login(self, browser=None, **parameters):
        """A login from the first request to the tokens."""
        begun = self.begin(**parameters)
        browser = browser or Browser(self.world.issuer)
        return self.finish(begun, browser.visit(begun["url"], self.world.person))

    def refresh(self, refresh_token, **parameters):
        with self.session() as session:
            return session.refresh_token(refresh_token=refresh_token, **parameters)

    def introspect(self, token):
        with self.session() as session:
            endpoint = self.load_server_metadata()["introspection_endpoint"]
            response = session.introspect_token(endpoint, token=token)
            response.raise_for_status()
            return response.json()

    def revoke(self, token, hint=None):
        with self.session() as session:
            endpoint = self.load_server_metadata()["revocation_endpoint"]
            session.revoke_token(endpoint, token=token, token_type_hint=hint).raise_for_status()

    def client_credentials(self, **parameters):
        return self.fetch_access_token(grant_type="client_credentials", **parameters)


def expired(token):
    """The same token with an expired access token."""
    return {**token, "expires_at": int(time.time()) - 1}
