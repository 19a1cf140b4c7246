use super::*;

const ALL: [&str; 9] = [
    "$argon2id$v=19$m=19456,t=2,p=1",
    "$argon2i$v=16$m=512,t=3,p=2",
    "$2b$12",
    "$django-bcrypt-sha256$04",
    "$pbkdf2-sha1$i=20000,l=20",
    "$pbkdf2-sha256$i=27500,l=64",
    "$pbkdf2-sha512$i=210000,l=64",
    "$scrypt$ln=14,r=8,p=5",
    "$6$rounds=5000",
];

#[test]
fn a_method_survives_its_text() {
    for text in ALL {
        let method = Method::parse(text).unwrap();
        assert_eq!(method.to_string(), text);
        assert!(method.check_cost().is_ok(), "{text}");
    }
    assert_eq!(Method::parse(ALL[0]), Some(Method::CURRENT));
    for text in [
        "",
        "$",
        "$2x$12",
        "$2b$+4",
        "$argon2id$v=18$m=8,t=1,p=1",
        "$argon2id$v=19$m=8,t=1",
        "$argon2id$v=19$m=8,t=1,p=1,x=1",
        "$pbkdf2-md5$i=1,l=20",
        "$pbkdf2-sha1$i=0,l=20",
        "$5$1000",
    ] {
        assert_eq!(Method::parse(text), None, "{text}");
    }
}

#[test]
fn a_method_that_costs_too_much_is_refused() {
    for text in [
        "$argon2id$v=19$m=131073,t=1,p=1",
        "$argon2id$v=19$m=131072,t=3,p=1",
        "$argon2id$v=19$m=8,t=11,p=1",
        "$argon2id$v=19$m=4096,t=1,p=9",
        "$argon2id$v=19$m=8,t=0,p=1",
        "$2b$14",
        "$2b$03",
        "$2b$4294967295",
        "$pbkdf2-sha256$i=2000001,l=32",
        "$pbkdf2-sha256$i=1000001,l=64",
        "$pbkdf2-sha1$i=1,l=4294967295",
        "$scrypt$ln=18,r=8,p=1",
        "$scrypt$ln=17,r=8,p=2",
        "$scrypt$ln=63,r=1,p=1",
        "$scrypt$ln=1,r=4294967295,p=4294967295",
        "$scrypt$ln=14,r=0,p=1",
        "$6$rounds=999",
        "$6$rounds=1000001",
    ] {
        let method = Method::parse(text).unwrap();
        assert!(
            matches!(method.check_cost(), Err(PasswordError::HashCost(_))),
            "{text}"
        );
    }
}

#[test]
fn t3_memory_above_the_current_cost_is_given_back() {
    let mut memory = Vec::new();
    let large = Method::parse("$argon2id$v=19$m=65536,t=1,p=1").unwrap();
    large.spend("a-rabbit-hole", &mut memory);
    assert!(memory.capacity() >= 65_536);
    free_surplus(&mut memory);
    assert!(memory.capacity() <= 19_456);
}

#[test]
fn the_work_of_each_method_is_done_without_a_user() {
    let mut memory = Vec::new();
    for text in ALL {
        let method = Method::parse(text).unwrap();
        let (salt, length): (&[u8], _) = match method {
            Method::Bcrypt { .. } => (&[0; 16], 23),
            _ => (b"0000000000000000", 20),
        };
        let hash = method.derive(b"a-rabbit-hole", salt, (length, &mut memory));
        assert!(
            hash.is_some_and(|hash| hash.iter().any(|byte| *byte != 0)),
            "{text}"
        );
    }
}
