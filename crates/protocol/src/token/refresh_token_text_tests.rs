use proptest::prelude::*;

use super::*;

const SECRET: &[u8] = b"the secret of the row";
const ID: RefreshTokenId = RefreshTokenId([7; 16]);
fn key(byte: u8) -> MacKey {
    MacKey::from_bytes(&[byte; 32])
}

fn id(text: &str) -> ClientId {
    ClientId::parse(text).unwrap()
}

fn token(generation: u32) -> RefreshToken {
    RefreshToken::derive(
        TokenKey {
            id: 3,
            mac: &key(1),
        },
        SECRET,
        ID,
        generation,
        &id("app"),
    )
}

#[test]
fn the_same_row_always_gives_the_same_token() {
    assert_eq!(token(5).to_text(), token(5).to_text());
    assert_eq!(token(5).to_text().len(), 72);
    let back = RefreshToken::parse(&token(5).to_text()).unwrap();
    assert_eq!((back.key_id, back.token_id, back.generation), (3, ID, 5));
    assert!(back.is_authentic(&key(1), SECRET, &id("app")));
}

#[test]
fn the_mac_binds_key_secret_client_token_id_and_generation() {
    assert!(!token(5).is_authentic(&key(2), SECRET, &id("app")), "key");
    assert!(
        !token(5).is_authentic(&key(1), b"another row's", &id("app")),
        "secret"
    );
    assert!(
        !token(5).is_authentic(&key(1), SECRET, &id("apple")),
        "client"
    );
    let mut moved = token(5);
    moved.token_id = RefreshTokenId([8; 16]);
    assert!(!moved.is_authentic(&key(1), SECRET, &id("app")), "token id");
    let mut newer = token(5);
    newer.generation = 6;
    assert!(
        !newer.is_authentic(&key(1), SECRET, &id("app")),
        "generation"
    );
}

#[test]
fn a_flipped_bit_anywhere_is_no_token_or_no_authentic_one() {
    let bytes = URL_SAFE_NO_PAD.decode(token(5).to_text()).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut forged = bytes.clone();
        forged[bit / 8] ^= 1 << (bit % 8);
        // The key id (the second byte) only says which key to take: another one knows nothing of this MAC.
        let authentic = RefreshToken::parse(&URL_SAFE_NO_PAD.encode(forged)).is_some_and(|t| {
            t.is_authentic(&key(if t.key_id == 3 { 1 } else { 2 }), SECRET, &id("app"))
        });
        assert!(!authentic, "bit {bit}");
    }
}

#[test]
fn garbled_texts_are_no_tokens() {
    let good = token(5).to_text();
    let other_version = format!("Ag{}", &good[2..]);
    for bad in [
        "",
        "x",
        &good[..71],
        &good[..68],
        &good[..4],
        &good[1..],
        &format!("{good}A"),
        &format!("{good}AAAA"),
        &format!("{good}="),
        &format!(" {good}"),
        &format!("{good}\n"),
        &other_version,
        &good.replace(&good[10..11], "+"),
        &"A".repeat(100_000),
    ] {
        assert!(RefreshToken::parse(bad).is_none(), "{bad:.80}");
    }
}

proptest! {
    #[test]
    fn parsing_never_panics(text in "\\PC*") {
        let _ = RefreshToken::parse(&text);
    }

    #[test]
    fn what_is_parsed_is_written_the_same(head in any::<(u8, [u8; 16], u32)>(), mac in any::<[u8; 32]>()) {
        let (key_id, token_id, generation) = head;
        let mac = Digest::from_bytes(mac);
        let made = RefreshToken { key_id, token_id: RefreshTokenId(token_id), generation, mac };
        let text = made.to_text();
        let back = RefreshToken::parse(&text).unwrap();
        prop_assert_eq!((back.key_id, back.token_id.0, back.generation), head);
        prop_assert_eq!(back.to_text(), text);
    }
}
