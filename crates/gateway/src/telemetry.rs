//! The metrics page.

use cardea_web::prometheus;
use http::{HeaderValue, Response, header::CONTENT_TYPE};

use crate::body::ResponseBody;

pub(crate) fn page() -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::own(prometheus::page()));
    let kind = HeaderValue::from_static(prometheus::CONTENT_TYPE);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
