//! Feeds an `Authorization` header (the first line) and a body (the rest) to every reader of a request to `/token`,
//! `/introspection`, `/revocation` and `/end_session`.

use cardea_protocol::{
    request::{EndSessionRequest, Params, PresentedCredentials, TokenQuery, TokenRequest},
    token::refresh_token::RefreshToken,
};

pub(crate) fn check(data: &[u8]) {
    let (head, body) = match data.iter().position(|b| *b == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (&[][..], data),
    };
    let header = std::str::from_utf8(head).ok().filter(|h| !h.is_empty());
    let pairs: Vec<_> = form_urlencoded::parse(body).into_owned().collect();
    let _ = EndSessionRequest::parse(&pairs, &[]);
    let Ok(params) = Params::new(&pairs, 32 * 1024) else {
        return;
    };
    if let Ok(PresentedCredentials::Secret { client_id, .. }) =
        PresentedCredentials::parse(header, &params)
    {
        assert!(!client_id.is_empty());
    }
    let _ = TokenQuery::parse(&params);
    if let Ok(TokenRequest::RefreshToken(request)) = TokenRequest::parse(&params)
        && let Some(token) = RefreshToken::parse(request.token.expose())
    {
        assert_eq!(token.to_text(), *request.token.expose());
    }
}
