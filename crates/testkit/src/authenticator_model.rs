//! A model of authenticator, whose maker signs for what it makes (WebAuthn §8.2, packed attestation).

use cardea_seal::Digest;
use ciborium::Value;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SigningKey,
};

/// id-fido-gen-ce-aaguid.
const MODEL_EXTENSION: &[u64] = &[1, 3, 6, 1, 4, 1, 45724, 1, 1, 4];
/// ES256 (RFC 9053 §2.1).
const ES256: i64 = -7;

/// A model, and its maker.
pub struct AuthenticatorModel {
    /// Names the model.
    pub(crate) aaguid: [u8; 16],
    /// The maker's certificate, PEM.
    ca_pem: String,
    certificate: Vec<u8>,
    key: KeyPair,
}

impl AuthenticatorModel {
    /// A model of a maker of its own.
    #[must_use]
    pub fn new(aaguid: [u8; 16]) -> Self {
        let ca_key = KeyPair::generate().expect("a key");
        let mut ca = CertificateParams::default();
        let name = ca_key.public_key_raw().escape_ascii().to_string();
        ca.distinguished_name.push(DnType::CommonName, name);
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let ca_pem = ca.self_signed(&ca_key).expect("a certificate").pem();
        let maker = Issuer::new(ca, ca_key);

        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        // WebAuthn §8.2.1.
        for (part, text) in [
            (DnType::CountryName, "SE"),
            (DnType::OrganizationName, "Maker"),
            (DnType::OrganizationalUnitName, "Authenticator Attestation"),
            (DnType::CommonName, "Model"),
        ] {
            params.distinguished_name.push(part, text);
        }
        params.is_ca = IsCa::ExplicitNoCa;
        // An OCTET STRING of 16 bytes.
        let extension = [&[4, 16], &aaguid[..]].concat();
        let extension = CustomExtension::from_oid_content(MODEL_EXTENSION, extension);
        params.custom_extensions.push(extension);
        let certificate = params.signed_by(&key, &maker).expect("a certificate");
        Self {
            aaguid,
            ca_pem,
            certificate: certificate.der().to_vec(),
            key,
        }
    }

    /// The maker's certificate, PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Signs what an authenticator of the model has made.
    pub(crate) fn attest(&self, object: &[u8], client_data: &[u8]) -> Vec<u8> {
        let object: Value = ciborium::from_reader(object).expect("CBOR");
        let members = object.into_map().expect("a map").into_iter();
        let mut data = members.filter(|(name, _)| name.as_text() == Some("authData"));
        let data = data.next().and_then(|(_, data)| data.into_bytes().ok());
        let data = bound_to_device(data.expect("authenticator data"));
        let signed = [&data, Digest::of(client_data).as_bytes().as_slice()].concat();
        let signature = self.key.sign(&signed).expect("a signature");
        let text = |text: &str| Value::Text(text.to_owned());
        let statement = Value::Map(vec![
            (text("alg"), ES256.into()),
            (text("sig"), Value::Bytes(signature)),
            (
                text("x5c"),
                Value::Array(vec![Value::Bytes(self.certificate.clone())]),
            ),
        ]);
        let object = Value::Map(vec![
            (text("fmt"), text("packed")),
            (text("attStmt"), statement),
            (text("authData"), Value::Bytes(data)),
        ]);
        let mut bytes = Vec::new();
        ciborium::into_writer(&object, &mut bytes).expect("CBOR");
        bytes
    }
}

/// Authenticator data that say of their passkey that it can't be on another device (WebAuthn §6.1: the flags BE and BS). Those of the
/// soft authenticator always say that it can.
pub(crate) fn bound_to_device(mut data: Vec<u8>) -> Vec<u8> {
    const RP_ID_HASH: usize = 32;
    const SYNCED: u8 = 0b0001_1000;
    data[RP_ID_HASH] &= !SYNCED;
    data
}
