//! Which authenticators can make passkeys.

use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;
use webauthn_rs::prelude::{AttestationCaList, AttestationCaListBuilder};

use super::problem::ConfigProblem;

const KEY: &str = "passkeys.authenticators";

/// Passkeys.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PasskeysConfig {
    /// The models of authenticators that new passkeys are accepted from, which prove their model (attestation). Passkeys that are synced
    /// between devices can't, so they are refused too. Passkeys that users have already stay. Without this list, all authenticators are
    /// accepted and none is asked to prove its model.
    pub authenticators: Vec<AuthenticatorConfig>,
}

/// A model of authenticator.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AuthenticatorConfig {
    /// Its AAGUID, such as `cb69481e-8ff7-4039-93ec-0a2729a154a8`. The maker and the FIDO Metadata Service publish it.
    pub aaguid: String,
    /// A PEM file with the certificates of the maker that sign for this model.
    pub ca_file: String,
    /// A name for it, for this file and the log.
    pub name: String,
}

impl AuthenticatorConfig {
    fn insert(&self, into: &mut AttestationCaListBuilder) -> Result<(), String> {
        let aaguid = Uuid::parse_str(&self.aaguid)
            .map_err(|_| format!("aaguid: \"{}\" is not a UUID", self.aaguid))?;
        // WebAuthn §6.5.1: authenticators that do not say which model they are have zeros.
        if aaguid.is_nil() {
            return Err("aaguid: zeros are that of no model".to_owned());
        }
        let file = &self.ca_file;
        let problem = |what: &dyn std::fmt::Display| format!("ca_file: \"{file}\": {what}");
        if file.is_empty() {
            return Err(
                "ca_file is missing; set it to a PEM file with the maker's certificates".to_owned(),
            );
        }
        let pem = std::fs::read(file).map_err(|e| problem(&e))?;
        let mut found = false;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|e| problem(&e))?;
            let name = self.name.clone();
            into.insert_device_der(
                &certificate,
                aaguid,
                name,
                std::collections::BTreeMap::new(),
            )
            .map_err(|_| problem(&"a certificate in it can't be read"))?;
            found = true;
        }
        match found {
            true => Ok(()),
            false => Err(problem(&"there is no certificate in it")),
        }
    }
}

impl PasskeysConfig {
    /// The models that are accepted, if not all are.
    pub(super) fn read(&self) -> Result<Option<AttestationCaList>, Vec<ConfigProblem>> {
        let (mut accepted, mut problems) = (AttestationCaListBuilder::new(), Vec::new());
        for one in &self.authenticators {
            if let Err(problem) = one.insert(&mut accepted) {
                problems.push(ConfigProblem::new(KEY, problem));
            }
        }
        match problems.is_empty() {
            true => Ok((!self.authenticators.is_empty()).then(|| accepted.build())),
            false => Err(problems),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = "cb69481e-8ff7-4039-93ec-0a2729a154a8";

    fn read(aaguid: &str, ca_file: &str) -> Result<usize, String> {
        let one = AuthenticatorConfig {
            aaguid: aaguid.to_owned(),
            ca_file: ca_file.to_owned(),
            name: "Key".to_owned(),
        };
        let config = PasskeysConfig {
            authenticators: vec![one],
        };
        let list = config.read().map_err(|mut all| all.remove(0).problem)?;
        Ok(list.map_or(0, |list| list.len()))
    }

    #[test]
    fn models_are_read_with_the_certificates_of_their_makers() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let pem = || {
            let made = rcgen::generate_simple_self_signed(vec!["maker.test".to_owned()]);
            made.unwrap().cert.pem()
        };
        let two = write("two.pem", &format!("{}{}", pem(), pem()));
        assert_eq!(read(MODEL, &two), Ok(2));
        let none = PasskeysConfig::default().read().unwrap();
        assert!(none.is_none());
        let empty = write("empty.pem", "");
        let broken = write(
            "broken.pem",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        );
        let nil = Uuid::nil().to_string();
        for (aaguid, file, expected) in [
            ("", two.as_str(), "not a UUID"),
            (&nil, &two, "no model"),
            (MODEL, "", "is missing"),
            (MODEL, "/nowhere/ca.pem", "No such file"),
            (MODEL, &empty, "no certificate"),
            (MODEL, &broken, "can't be read"),
        ] {
            let problem = read(aaguid, file).unwrap_err();
            assert!(problem.contains(expected), "{problem}");
        }
    }
}
