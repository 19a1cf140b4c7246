//! The Content-Security-Policy of each kind of page (design D18).

/// Pages whose form may end in a redirect to a client: login, consent, account chooser. They send no `form-action`, since
/// browsers apply it to the redirects after a submit too. Their one static script is allowed by its hash.
pub(crate) const MAY_REDIRECT: &str = "default-src 'none'; script-src 'sha256-W2BnigsmxauDF5VuBVwfu6DuZDffOSBPtpne9vaMpVc='; \
     style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The same, of pages that ask for a passkey, which takes a second script.
pub(crate) const MAY_REDIRECT_WITH_PASSKEY: &str = "default-src 'none'; script-src 'sha256-W2BnigsmxauDF5VuBVwfu6DuZDffOSBPtpne9vaMpVc=' 'sha256-i1i/aMXKVYw8H4uPAeDtvwm2q7uXb59gCctfG5scVtw='; \
     style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Pages without a form.
pub(crate) const STATIC: &str = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; \
     frame-ancestors 'none'; form-action 'self'";

/// All other pages.
pub(crate) const STAYS: &str = "default-src 'none'; script-src 'sha256-W2BnigsmxauDF5VuBVwfu6DuZDffOSBPtpne9vaMpVc='; \
     style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// The same, of pages that ask for a passkey.
pub(crate) const STAYS_WITH_PASSKEY: &str = "default-src 'none'; script-src 'sha256-W2BnigsmxauDF5VuBVwfu6DuZDffOSBPtpne9vaMpVc=' 'sha256-i1i/aMXKVYw8H4uPAeDtvwm2q7uXb59gCctfG5scVtw='; \
     style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// The page of `response_mode=form_post`, with the script that submits it.
pub(crate) const FORM_POST: &str = "default-src 'none'; script-src 'sha256-haRJgvGnGKiS8+5JGyVgsLzTn5FYKJZ2kLKi//53IiQ='; \
     style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The HTML part of a mail in the mailbox of `cardea dev`: its styles are in its tags. It has no scripts, forms or pictures.
pub(crate) const MAIL: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; \
     form-action 'none'; sandbox allow-popups allow-popups-to-escape-sandbox";

/// Style sheet, fonts and logos. A logo comes from the operator or a client, and an SVG opened by itself could run scripts.
pub(crate) const ASSET: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use cardea_seal::Digest;

    use crate::{journey::form_post::SCRIPT, pages::PASSKEY_SCRIPT};

    #[test]
    fn each_policy_names_the_hash_of_its_script() {
        let page = crate::pages::SCRIPT;
        let both = [page, PASSKEY_SCRIPT];
        for (policy, scripts) in [
            (super::FORM_POST, &[SCRIPT][..]),
            (super::MAY_REDIRECT, &[page]),
            (super::STAYS, &[page]),
            (super::MAY_REDIRECT_WITH_PASSKEY, &both),
            (super::STAYS_WITH_PASSKEY, &both),
        ] {
            let hash = |script: &&str| {
                let digest = Digest::of(script.as_bytes());
                format!(" 'sha256-{}'", BASE64_STANDARD.encode(digest.as_bytes()))
            };
            let source: String = scripts.iter().map(hash).collect();
            let source = format!("script-src{source};");
            assert!(policy.contains(&source), "expected {source}");
        }
    }

    #[test]
    fn no_page_allows_inline_code_or_framing() {
        for policy in [
            super::MAY_REDIRECT,
            super::STATIC,
            super::STAYS,
            super::MAY_REDIRECT_WITH_PASSKEY,
            super::STAYS_WITH_PASSKEY,
            super::FORM_POST,
        ] {
            assert!(policy.starts_with("default-src 'none'; "));
            assert!(policy.contains("frame-ancestors 'none'"));
            assert!(!policy.contains("unsafe"));
            assert!(!policy.contains("  "));
        }
    }
}
