use super::{super::foreign::accept_hash, *};

const PASSWORD: &str = "a-rabbit-hole-deep-7-doors";

/// Made with Django 5.2, passlib 1.7, argon2-cffi, the crypt of Debian 12, and as Keycloak's exports are written.
const OF_OTHERS: &[&str] = &[
    "pbkdf2_sha256$1000$seasalt22$IpJsxNDv8j6Dnxh6StzBbMwlen+yknrENGe3jaKLGIc=",
    "pbkdf2_sha1$1000$seasalt22$1x0E/pX9nWjQLdM7xw3JDYQw4JY=",
    "argon2$argon2id$v=19$m=102400,t=2,p=8$SlBZRGNEVktmdVdJT3gxaHBickJFUQ$1MXmSkdhFFqTSc52dtAnmyVsr8bHyTwcmlRRAJeTvrM",
    "bcrypt_sha256$$2b$04$fRM6BkZi8Z.HCfbpWcztN.gW4lHYuAlj7miUvYfL3uhL0IyNr7Fl6",
    "bcrypt$$2b$04$EK8GLIt7/q8B1OUa4Q7PH.ekWV3MkkBT14CpY6fFV5GBpnc/O4Bbe",
    "scrypt$16384$seasalt22$8$5$IXme0RQ25A4vmRbQ4LnamIUrna5rOXRLMwNB1jiUepYSbPCd7hG3JX0D2DLg4+36qBA+EgDjH1522mkjRdzWbw==",
    "$6$rounds=1234$saltstring$rGwJgbKJh7cSxICpkObI0xsdE9P5tNQHdrhQS943VX/hvQrk42FpYCZhfTeZJC6y7zAZV3TKH79aWoerbgm2s.",
    "$5$saltstring$Ly4QYj8X5f4RXC7DqLsq9U03mmjx/OJ9N8CEZ2qSYA/",
    "$2y$04$abcdefghijklmnopqrstuudfNIvw48scLfKx9atZPHZFom49BeILy",
    "$2b$04$abcdefghijklmnopqrstuudfNIvw48scLfKx9atZPHZFom49BeILy",
    "$6$passlibsalt$dGpQ1yJWGaPLJYIdXMYtQfS.XKOop7YHRkOiiotpl.FLE.9yTMoxrTqcVKI.Sc1jYBdY/DX.d9xdVIWY5tbBW0",
    "$scrypt$ln=10,r=8,p=1$cGFzc2xpYnNhbHRwYXNzbA$3keSvI621Sgqz2sBUde15VagJcNl5/xtjCkAL3SAArM",
    r#"{"type":"password","secretData":"{\"value\":\"XqMbOQjbq9C49OQ6iUbBwjkm8ZZ1d4mc4Wyci07+fjdDmCOw5AP1RTbD+BJys6jsgHh/hsB/KNnSfja7HS3Pcg==\",\"salt\":\"MDEyMzQ1Njc4OWFiY2RlZg==\",\"additionalParameters\":{}}","credentialData":"{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\",\"additionalParameters\":{}}"}"#,
    r#"{"type":"password","secretData":"{\"value\":\"vY6Phr73zFDJyZbaqIYB529hBEyd1XzDfybU/p4QjQKFL2AJZSYIxboRfzxbeS5Z0LdJ6KmpDp8+H8cdcP7tsg==\",\"salt\":\"MDEyMzQ1Njc4OWFiY2RlZg==\"}","credentialData":"{\"hashIterations\":2100,\"algorithm\":\"pbkdf2-sha512\"}"}"#,
    r#"{"type":"password","hashedSaltedValue":"GYLbmuhnh+zDToxaa5i8iS7wjLhqI6fp/vdcrIL2/Vjn6OiatkIFkQ5WINyK9Rp/H2WHiruC9oXqz6MRCY3MeQ==","salt":"MDEyMzQ1Njc4OWFiY2RlZg==","hashIterations":2000}"#,
    r#"{"type":"password","secretData":"{\"value\":\"QHTFvNa0uAO+EoRzQigiyLZ08B6HAqaWPz5CAwgml0k=\",\"salt\":\"MDEyMzQ1Njc4OWFiY2RlZg==\",\"additionalParameters\":{}}","credentialData":"{\"hashIterations\":5,\"algorithm\":\"argon2\",\"additionalParameters\":{\"hashLength\":[\"32\"],\"memory\":[\"7168\"],\"type\":[\"id\"],\"version\":[\"1.3\"],\"parallelism\":[\"1\"]}}"}"#,
    "$argon2i$v=16$m=512,t=2,p=2$MDEyMzQ1Njc4OWFiY2RlZg$or6VqIj7xn1UnN35aXhcjAPH8J1z+XBXIXvd0/isT8c",
    "$argon2d$v=19$m=512,t=2,p=2$MDEyMzQ1Njc4OWFiY2RlZg$KHbBDTJo6a4L2EzAe+uX/93p8jK7aUFuI+psZEUiy9w",
];

fn matches(text: &str, password: &str) -> bool {
    is_hash_of(accept_hash(text).unwrap().expose(), password)
}

#[test]
fn hashes_of_other_systems_are_verified() {
    for text in OF_OTHERS {
        let stored = accept_hash(text).unwrap();
        assert!(is_hash_of(stored.expose(), PASSWORD), "{text}");
        assert!(
            !is_hash_of(stored.expose(), "a-rabbit-hole-deep-7-door"),
            "{text}"
        );
        // What is stored is read again, and is a text of one form.
        assert_eq!(
            accept_hash(stored.expose()).unwrap().expose(),
            stored.expose()
        );
        let hash = PasswordHash::parse(stored.expose()).unwrap();
        assert!(stored.expose().starts_with(&hash.method.to_string()));
        assert!(!hash.may_stay(PASSWORD), "{text} is renewed");
    }
}

/// "Unix crypt using SHA-256 and SHA-512" (Drepper), jBCrypt's and RFC 7914's vectors.
#[test]
fn published_hashes_are_verified() {
    for (text, password) in [
        (
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
            "Hello world!",
        ),
        (
            "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
            "Hello world!",
        ),
        (
            "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.",
            "",
        ),
        (
            "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe",
            "a",
        ),
        (
            "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA",
            "password",
        ),
    ] {
        assert!(matches(text, password), "{text}");
        assert!(!matches(text, "another"), "{text}");
    }
}

#[test]
fn bcrypt_reads_72_bytes_and_knows_no_nul() {
    let long = "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";
    let start = "x".repeat(72);
    assert!(matches(long, &start));
    assert!(matches(long, &format!("{start}tail")));
    assert!(matches(long, &format!("{start}other")));
    assert!(!matches(long, &start[1..]));
    let hash = PasswordHash::parse(long).unwrap();
    assert!(!hash.may_stay(&start));
    assert!(
        hash.may_stay(&format!("{start}other")),
        "it could be mistyped"
    );
    // In C the password ends here.
    let nul = "$2y$04$abcdefghijklmnopqrstuudfNIvw48scLfKx9atZPHZFom49BeILy";
    assert!(!matches(nul, &format!("{PASSWORD}\0")));
    assert!(!matches(nul, &format!("{PASSWORD}\0tail")));
}

#[test]
fn a_hash_that_costs_too_much_is_refused_with_its_limit() {
    for (text, limit) in [
        (
            "pbkdf2_sha256$2000001$salt$IpJsxNDv8j6Dnxh6StzBbMwlen+yknrENGe3jaKLGIc=",
            "2,000,000",
        ),
        (
            "pbkdf2_sha256$4294967295$salt$IpJsxNDv8j6Dnxh6StzBbMwlen+yknrENGe3jaKLGIc=",
            "2,000,000",
        ),
        (
            "$2b$31$abcdefghijklmnopqrstuudfNIvw48scLfKx9atZPHZFom49BeILy",
            "from 4 to 13",
        ),
        (
            "bcrypt_sha256$$2b$14$fRM6BkZi8Z.HCfbpWcztN.gW4lHYuAlj7miUvYfL3uhL0IyNr7Fl6",
            "from 4 to 13",
        ),
        (
            "scrypt$4194304$salt$8$1$IXme0RQ25A4vmRbQ4LnamIUrna5rOXRLMwNB1jiUepYSbPCd7hG3JX0D2DLg4+36qBA+EgDjH1522mkjRdzWbw==",
            "1,048,576",
        ),
        (
            "$5$rounds=999999999$saltstring$Ly4QYj8X5f4RXC7DqLsq9U03mmjx/OJ9N8CEZ2qSYA/",
            "1,000,000 rounds",
        ),
        (
            "$argon2id$v=19$m=2097152,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "128 MiB",
        ),
    ] {
        let refused = accept_hash(text).map(|_| ()).unwrap_err().to_string();
        assert!(refused.contains(limit), "{text}: {refused}");
    }
}

#[test]
fn a_hash_of_no_known_form_is_refused() {
    let long = "A".repeat(100_000);
    let output = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for text in [
        "",
        "secret",
        "$",
        "$$$$$$",
        "{}",
        "{\"credentialData\":\"\",\"secretData\":\"\"}",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/",
        "$2x$04$abcdefghijklmnopqrstuudfNIvw48scLfKx9atZPHZFom49BeILy",
        "$2b$04$abcdefghijklmnopqrstuu",
        "$2b$04$abcdefghijklmnopqrstu\u{e9}dfNIvw48scLfKx9atZPHZFom49BeILy",
        "$6$rounds=5000$a salt$x",
        "pbkdf2_sha256$0$salt$IpJsxNDv8j6Dnxh6StzBbMwlen+yknrENGe3jaKLGIc=",
        "pbkdf2_md5$1000$salt$IpJsxNDv8j6Dnxh6StzBbMwlen+yknrENGe3jaKLGIc=",
        "scrypt$1000$salt$8$1$IXme0RQ25A4vmRbQ4LnamIUrna5rOXRLMwNB1jiUepY=",
        "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$AAAA",
        &format!("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA${long}"),
        &format!("$scrypt$ln=10,r=8,p=1$$${output}"),
        // A password that matches one in 256 hashes.
        "$pbkdf2-sha256$i=1000,l=1$c2FsdA$AA",
    ] {
        let refused = accept_hash(text).map(|_| ());
        assert_eq!(refused, Err(PasswordError::Hash), "{text:.80}");
    }
}

#[test]
fn a_password_has_8_to_128_characters_and_no_control() {
    let new = |password: &str| hash_new(password, &Entropy::seeded(1)).map(|_| ());
    assert_eq!(new("1234567"), Err(PasswordError::Length));
    assert_eq!(new(&"ö".repeat(129)), Err(PasswordError::Length));
    assert_eq!(new("12345678"), Ok(()));
    assert_eq!(new("1234567\t8"), Err(PasswordError::Control));
    // They are counted in NFC.
    assert_eq!(new(&"o\u{308}".repeat(7)), Err(PasswordError::Length));
    assert_eq!(new(&"o\u{308}".repeat(128)), Ok(()));
}
