//! The corpus of the fuzzer, once through, with the checks of the fuzzer.

#[path = "../../../../fuzz/checks/authorize_request.rs"]
mod authorize_request;
#[path = "../../../../fuzz/checks/redirect_uri.rs"]
mod redirect_uri;
#[path = "../../../../fuzz/checks/token_request.rs"]
mod token_request;

fn each(target: &str, check: fn(&[u8])) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/");
    let files: Vec<_> = std::fs::read_dir(format!("{folder}{target}"))
        .unwrap()
        .collect();
    assert!(files.len() > 5, "{target}");
    for file in files {
        check(&std::fs::read(file.unwrap().path()).unwrap());
    }
}

#[test]
fn the_corpus_of_the_fuzzer_holds() {
    each("authorize_request", authorize_request::check);
    each("redirect_uri", redirect_uri::check);
    each("token_request", token_request::check);
}
