#![no_main]

#[path = "../checks/redirect_uri.rs"]
mod redirect_uri;

libfuzzer_sys::fuzz_target!(|data: &[u8]| redirect_uri::check(data));
