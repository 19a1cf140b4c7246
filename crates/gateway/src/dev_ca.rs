//! Certificates for localhost: an authority made once and kept, and a certificate made at each start. Only for development.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType,
};

const NAME: &str = "Cardea development authority (this machine only)";
const CA_DAYS: i64 = 3650;
/// Browsers refuse certificates that are valid for more than 398 days.
const LEAF_DAYS: i64 = 397;

/// Why the certificates cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum DevCaError {
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// A certificate could not be made.
    #[error("the development certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// The date is outside of the range of certificates.
    #[error("the machine's date is out of range")]
    Date,
}

/// Where the certificates are.
#[derive(Debug, Clone)]
pub struct DevCertificates {
    /// The authority, for browsers and `curl --cacert`.
    pub ca_file: PathBuf,
    /// The certificate for localhost, 127.0.0.1 and ::1.
    pub cert_file: PathBuf,
    /// Its key.
    pub key_file: PathBuf,
}

impl DevCertificates {
    /// The certificates in this folder. The authority is created only when it does not exist, so that a browser has to trust it only
    /// once. Its name constraints limit it to localhost, even if its key is stolen.
    ///
    /// # Errors
    /// When a file cannot be read or written.
    pub fn ensure(folder: &Path, now: Timestamp) -> Result<Self, DevCaError> {
        let at = |name: &str| folder.join(name);
        let (ca_file, ca_key_file) = (at("dev-ca.pem"), at("dev-ca.key"));
        let (cert_file, key_file) = (at("dev-cert.pem"), at("dev-cert.key"));
        fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
        let kept = match (ca_file.exists(), read(&ca_key_file)) {
            (true, Ok(pem)) => KeyPair::from_pem(&pem).ok(),
            _ => None,
        };
        let ca_key = match kept {
            Some(key) => key,
            None => {
                let key = KeyPair::generate()?;
                let ca = authority(now)?.self_signed(&key)?;
                write(&ca_key_file, &key.serialize_pem())?;
                write(&ca_file, &ca.pem())?;
                key
            }
        };
        let leaf_key = KeyPair::generate()?;
        let issuer = Issuer::new(authority(now)?, ca_key);
        let leaf = leaf(now)?.signed_by(&leaf_key, &issuer)?;
        write(&key_file, &leaf_key.serialize_pem())?;
        write(&cert_file, &leaf.pem())?;
        Ok(Self {
            ca_file,
            cert_file,
            key_file,
        })
    }
}

fn authority(now: Timestamp) -> Result<CertificateParams, DevCaError> {
    let mut params = valid(CertificateParams::default(), now, CA_DAYS)?;
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(
                Ipv6Addr::LOCALHOST.octets(),
                128,
            )),
        ],
        excluded_subtrees: Vec::new(),
    });
    Ok(params)
}

fn leaf(now: Timestamp) -> Result<CertificateParams, DevCaError> {
    let params = CertificateParams::new(vec!["localhost".to_owned()])?;
    let mut params = valid(params, now, LEAF_DAYS)?;
    let addresses = [
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ];
    let names = addresses.into_iter().map(SanType::IpAddress);
    params.subject_alt_names.extend(names);
    params.distinguished_name.remove(DnType::CommonName);
    params
        .distinguished_name
        .push(DnType::CommonName, "localhost");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Valid from yesterday, since clocks differ, for a number of days.
fn valid(
    mut params: CertificateParams,
    now: Timestamp,
    days: i64,
) -> Result<CertificateParams, DevCaError> {
    let day = |offset: i64| {
        let at = now
            .checked_add(SignedDuration::from_hours(24 * offset))
            .map_err(|_| DevCaError::Date)?;
        let date = at.to_zoned(TimeZone::UTC).date();
        let month = u8::try_from(date.month()).map_err(|_| DevCaError::Date)?;
        let day = u8::try_from(date.day()).map_err(|_| DevCaError::Date)?;
        Ok::<_, DevCaError>(rcgen::date_time_ymd(i32::from(date.year()), month, day))
    };
    params.not_before = day(-1)?;
    params.not_after = day(days - 1)?;
    Ok(params)
}

fn failed(path: &Path, source: io::Error) -> DevCaError {
    DevCaError::File {
        path: path.to_owned(),
        source,
    }
}

fn read(path: &Path) -> Result<String, DevCaError> {
    fs::read_to_string(path).map_err(|source| failed(path, source))
}

/// Written under another name and renamed, so that no other user can read a key and no process half a file.
fn write(path: &Path, text: &str) -> Result<(), DevCaError> {
    let new = path.with_extension("new");
    let written = (|| {
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(text.as_bytes())?;
        fs::rename(&new, path)
    })();
    written.map_err(|source| failed(path, source))
}
