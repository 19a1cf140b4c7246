//! What an API asks of the user's authentication: RFC 9470 §3.

use http::{HeaderMap, header::WWW_AUTHENTICATE};
use http_auth::ChallengeRef;

use super::LoginOptions;

/// A longer challenge is not read.
const MAX_CHALLENGE_BYTES: usize = 4096;
/// More classes are not asked for.
const MAX_ACR_VALUES: usize = 8;
/// All of them, with the spaces between.
const MAX_ACR_BYTES: usize = 512;
/// Ten years in seconds have nine digits.
const MAX_AGE_DIGITS: usize = 9;

/// What an API asks of the user's authentication before it does what it was called for (RFC 9470 §3). The answer to it is a login with
/// [`LoginOptions::step_up`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepUp {
    acr_values: Vec<String>,
    max_age: Option<u64>,
}

impl StepUp {
    /// Reads the challenge in a 401 of an API. `None` where it asks for nothing that a login could reach.
    #[must_use]
    pub fn of_challenge(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(WWW_AUTHENTICATE).iter();
        let texts = values.filter_map(|value| value.to_str().ok());
        texts
            .filter(|text| text.len() <= MAX_CHALLENGE_BYTES)
            .filter_map(|text| http_auth::parse_challenges(text).ok())
            .flatten()
            .find_map(|challenge| Self::of(&challenge))
    }

    /// Reads the values of `acr_values` and `max_age`, of which one is needed.
    #[must_use]
    pub fn parse(acr_values: Option<&str>, max_age: Option<&str>) -> Option<Self> {
        let acr_values = acr_values.map_or(Some(Vec::new()), read_classes)?;
        let max_age = match max_age {
            Some(text) => Some(read_seconds(text)?),
            None => None,
        };
        (!acr_values.is_empty() || max_age.is_some()).then_some(Self {
            acr_values,
            max_age,
        })
    }

    /// The classes of which one must be reached, the most wanted first; any, if there are none.
    #[must_use]
    pub fn acr_values(&self) -> &[String] {
        &self.acr_values
    }

    /// The greatest age of the authentication, in seconds.
    #[must_use]
    pub fn max_age(&self) -> Option<u64> {
        self.max_age
    }

    fn of(challenge: &ChallengeRef<'_>) -> Option<Self> {
        // RFC 6750 §3, RFC 9449 §7.1
        let known = ["Bearer", "DPoP"];
        if !known
            .iter()
            .any(|scheme| scheme.eq_ignore_ascii_case(challenge.scheme))
        {
            return None;
        }
        let value = |name: &str| {
            let mut named = challenge
                .params
                .iter()
                .filter(|(known, _)| known.eq_ignore_ascii_case(name));
            let (_, value) = named.next()?;
            // RFC 9110 §11.2: a parameter stands once.
            named.next().is_none().then(|| value.to_unescaped())
        };
        if value("error").as_deref() != Some("insufficient_user_authentication") {
            return None;
        }
        Self::parse(value("acr_values").as_deref(), value("max_age").as_deref())
    }

    /// The same as pairs of a query.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&'static str, String)> {
        let classes = self.acr_values.join(" ");
        let classes = (!classes.is_empty()).then_some(("acr_values", classes));
        let max_age = self.max_age.map(|seconds| ("max_age", seconds.to_string()));
        classes.into_iter().chain(max_age)
    }
}

impl LoginOptions {
    /// A login that does what an API asks for, on the way back to a page. Its answer is refused when it does not.
    #[must_use]
    pub fn step_up(return_to: &str, asked: &StepUp) -> Self {
        Self {
            acr_values: asked.acr_values.clone(),
            max_age: asked.max_age,
            ..Self::to(return_to)
        }
    }
}

fn read_classes(text: &str) -> Option<Vec<String>> {
    let plain = text
        .bytes()
        .all(|b| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\'));
    if !plain || text.len() > MAX_ACR_BYTES {
        return None;
    }
    let classes: Vec<String> = text.split_ascii_whitespace().map(str::to_owned).collect();
    (!classes.is_empty() && classes.len() <= MAX_ACR_VALUES).then_some(classes)
}

fn read_seconds(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let text = Some(text).filter(|text| digits && text.len() <= MAX_AGE_DIGITS)?;
    text.parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(lines: &[&str]) -> Option<StepUp> {
        let mut headers = HeaderMap::new();
        for line in lines {
            let value = HeaderValue::try_from(*line).unwrap();
            headers.append(WWW_AUTHENTICATE, value);
        }
        StepUp::of_challenge(&headers)
    }

    fn step_up(acr_values: &[&str], max_age: Option<u64>) -> Option<StepUp> {
        Some(StepUp {
            acr_values: acr_values.iter().map(|&one| one.to_owned()).collect(),
            max_age,
        })
    }

    const ERROR: &str = "error=\"insufficient_user_authentication\"";

    #[test]
    fn rfc_9470_the_challenges_of_the_rfc_are_read() {
        // RFC 9470 §3, figures 2 and 3
        let text = format!(
            "Bearer {ERROR},\n  error_description=\"A different authentication level is required\",\n  acr_values=\"myACR\""
        );
        assert_eq!(read(&[&text.replace('\n', "")]), step_up(&["myACR"], None));
        let text = format!(
            "Bearer {ERROR}, error_description=\"More recent authentication is required\", max_age=\"5\""
        );
        assert_eq!(read(&[&text]), step_up(&[], Some(5)));
        let text = format!("bearer realm=\"a, b\", {ERROR}, ACR_Values=\"urn:a urn:b\", max_age=0");
        assert_eq!(read(&[&text]), step_up(&["urn:a", "urn:b"], Some(0)));
    }

    #[test]
    fn a_challenge_is_found_among_others() {
        let wanted =
            format!("Basic realm=\"x\", DPoP algs=\"ES256\", {ERROR}, acr_values=\"urn:a\"");
        for lines in [
            &[wanted.as_str()][..],
            &["Basic realm=\"y\"", wanted.as_str()],
            &["Bearer error=\"invalid_token\"", wanted.as_str()],
            &[",,,\"", wanted.as_str()],
        ] {
            assert_eq!(read(lines), step_up(&["urn:a"], None), "{lines:?}");
        }
    }

    #[test]
    fn what_no_login_could_reach_is_none() {
        let long = "x".repeat(MAX_ACR_BYTES + 1);
        let many = "a ".repeat(MAX_ACR_VALUES + 1);
        for text in [
            "Bearer".to_owned(),
            "Bearer error=\"invalid_token\", acr_values=\"a\"".to_owned(),
            format!("Bearer {ERROR}"),
            format!("Basic {ERROR}, acr_values=\"a\""),
            format!("Bearer {ERROR}, acr_values=\"\""),
            format!("Bearer {ERROR}, acr_values=\"a\\\"b\""),
            format!("Bearer {ERROR}, acr_values=\"a\", acr_values=\"b\", acr_values=\"c\""),
            format!("Bearer {ERROR}, max_age=\"-1\""),
            format!("Bearer {ERROR}, max_age=\"1e3\""),
            format!("Bearer {ERROR}, max_age=\"99999999999999999999\""),
            format!("Bearer {ERROR}, acr_values=\"{long}\""),
            format!("Bearer {ERROR}, acr_values=\"{many}\""),
            format!(
                "Bearer {ERROR}, acr_values=\"a\", x=\"{}\"",
                "x".repeat(5000)
            ),
            // One parameter of two is not enough to know what is asked.
            format!("Bearer {ERROR}, acr_values=\"a\", max_age=\"soon\""),
        ] {
            assert_eq!(read(&[&text]), None, "{text}");
        }
    }

    #[test]
    fn what_was_read_survives_a_query() {
        let asked = step_up(&["urn:a", "urn:b"], Some(60)).unwrap();
        let pairs: Vec<_> = asked.pairs().collect();
        let value = |name| {
            pairs
                .iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| v.as_str())
        };
        assert_eq!(
            StepUp::parse(value("acr_values"), value("max_age")),
            Some(asked)
        );
    }

    proptest::proptest! {
        #[test]
        fn no_challenge_does_harm(text in "[ -~\t]{0,200}") {
            if let Some(asked) = read(&[&text]) {
                proptest::prop_assert!(!asked.acr_values().is_empty() || asked.max_age().is_some());
            }
        }
    }
}
