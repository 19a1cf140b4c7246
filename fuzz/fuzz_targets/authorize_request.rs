#![no_main]

#[path = "../checks/authorize_request.rs"]
mod authorize_request;

libfuzzer_sys::fuzz_target!(|data: &[u8]| authorize_request::check(data));
