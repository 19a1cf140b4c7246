#![no_main]

#[path = "../checks/token_request.rs"]
mod token_request;

libfuzzer_sys::fuzz_target!(|data: &[u8]| token_request::check(data));
