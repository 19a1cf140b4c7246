use askama::Template;

use crate::pages::{Shell, csp};

/// The only script; the policy names its hash. A browser keeps the page in its history if the user clicked a moment ago: then the
/// back button leads to the request. A field called `submit` would hide the method of the form, so it calls the prototype's.
pub(crate) const SCRIPT: &str = "const again=document.currentScript.dataset.again;\
     if(again)history.replaceState(null,\"\",again);\
     HTMLFormElement.prototype.submit.call(document.forms[0])";

/// The answer to an authorization request as a form that posts itself (OAuth 2.0 Form Post Response Mode).
#[derive(Template)]
#[template(path = "journey/form_post.html")]
pub(crate) struct FormPostPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) client_name: &'a str,
    /// The redirect URI of the request, verified.
    pub(crate) action: &'a str,
    /// The parameters of the answer.
    pub(crate) fields: &'a [(&'a str, &'a str)],
    /// The path and query of the same request, for the back button.
    pub(crate) again: Option<&'a str>,
}

impl FormPostPage<'_> {
    pub(crate) const CSP: &'static str = csp::FORM_POST;
    const SCRIPT: &'static str = SCRIPT;
}

#[cfg(test)]
impl FormPostPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::pages::HOSTILE;

        let page = |client_name, fields| Self {
            shell: Shell::sample(),
            client_name,
            action: "https://orders.example.com/callback?a=1&b=2",
            fields,
            again: Some("/authorize?ticket=v1.ticket"),
        };
        vec![
            (
                "form_post",
                page(
                    "Orders",
                    &[
                        ("code", "abc"),
                        ("state", "xyz"),
                        ("iss", "https://id.example.com"),
                    ],
                ),
            ),
            (
                "form_post_hostile",
                page(HOSTILE, &[("code", "abc"), ("state", HOSTILE)]),
            ),
        ]
    }
}
