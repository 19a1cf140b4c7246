"""A minimal browser: it keeps cookies, follows redirects, fills in forms, and runs no script."""

from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

MOST_STEPS = 12
TIMEOUT = 10


class Answer:
    """The request to the client when the provider redirects the browser to it."""

    def __init__(self, method, url, fields):
        self.method = method
        self.url = url
        self.fields = fields


class Form(HTMLParser):
    """The first form of a page."""

    def __init__(self, html):
        super().__init__()
        self.action = None
        self.hidden = {}
        self.names = set()
        self.decisions = []
        self._within = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "form" and self.action is None:
            self.action = attributes["action"]
            self._within = True
        elif tag in ("input", "button") and self._within and "name" in attributes:
            self._field(tag, attributes)

    def handle_endtag(self, tag):
        if tag == "form":
            self._within = False

    def _field(self, tag, attributes):
        name, value = attributes["name"], attributes.get("value", "")
        self.names.add(name)
        if attributes.get("type") == "hidden":
            self.hidden[name] = value
        if tag == "button" and name == "decision":
            self.decisions.append(value)


class Browser:
    """A browser with no history, to use at this provider."""

    def __init__(self, issuer):
        self._home = _origin(issuer)
        self._session = requests.Session()
        self._session.headers["Accept"] = "text/html"

    def visit(self, url, person=None, decision="allow"):
        """Completes the pages of the provider like a user, until the provider redirects the browser to another origin."""
        answer, page = self._open("GET", url)
        for _ in range(MOST_STEPS):
            if answer is not None:
                return answer
            form = Form(page.text)
            assert form.action, f"{page.url} has no form: {page.status_code} {page.text[:2000]}"
            action = urljoin(page.url, form.action)
            fields = dict(form.hidden)
            if _origin(action) != self._home:
                return Answer("POST", action, fields)
            if "username" in form.names:
                assert person, "no login was expected"
                fields.update(username=person["username"], password=person["password"])
            if form.decisions:
                assert decision in form.decisions, f"no button for {decision}: {form.decisions}"
                fields["decision"] = decision
            answer, page = self._open("POST", action, fields)
        raise AssertionError(f"too many pages; the last one was {page.url}")

    def _open(self, method, url, fields=None):
        """Follows redirects; ends at a page of the provider, or before another origin."""
        for _ in range(MOST_STEPS):
            page = self._session.request(
                method, url, data=fields, allow_redirects=False, timeout=TIMEOUT
            )
            if "location" not in page.headers:
                return None, page
            url = urljoin(url, page.headers["location"])
            if _origin(url) != self._home:
                return Answer("GET", url, dict(parse_qsl(urlsplit(url).query))), None
            method, fields = "GET", None
        raise AssertionError(f"the provider redirects without end, the last time to {url}")


def _origin(url):
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
