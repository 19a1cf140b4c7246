//! The corpus of the fuzzer, once through, with the checks of the fuzzer.

#[path = "../../../../fuzz/checks/jws.rs"]
mod jws;

#[test]
fn the_corpus_of_the_fuzzer_holds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/jws");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
    assert!(files.len() > 10);
    for file in files {
        jws::check(&std::fs::read(file.unwrap().path()).unwrap());
    }
}
