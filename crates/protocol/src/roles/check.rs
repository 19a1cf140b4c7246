//! What roles, groups and organizations may be named, and how much they may hold. What is over a bound is refused where it is set,
//! so that no token has to be cut.

use super::{Group, GroupConfig, Organization, OrganizationConfig, Role, RoleConfig};
use crate::model::{ClientId, MetadataError, OrganizationId, Owner};

const MAX_NAME_BYTES: usize = 128;
const MAX_PERMISSION_NAME_BYTES: usize = 64;
const MAX_PERMISSIONS: usize = 128;
const MAX_ROLES_OF_A_GROUP: usize = 32;
const MAX_DOMAINS: usize = 64;
const MAX_DOMAIN_BYTES: usize = 253;

/// How many roles a user has at most, and a member inside an organization.
pub const MAX_ROLES_OF_A_USER: usize = 64;
/// In how many groups a user is at most.
pub const MAX_GROUPS_OF_A_USER: usize = 64;

/// Accepts a role.
pub fn check_role(config: &RoleConfig, owner: Owner) -> Result<Role, MetadataError> {
    first(role_problems(config))?;
    let client = config.client.as_deref().map(ClientId::parse).transpose();
    let client = client.map_err(|e| problem("client", e.to_string()))?;
    Ok(Role {
        name: config.name.clone(),
        client,
        permissions: config.permissions.clone(),
        owner,
    })
}

/// Everything that is wrong with a role.
#[must_use]
pub fn role_problems(config: &RoleConfig) -> Vec<MetadataError> {
    let mut problems: Vec<_> = bad_name("name", &config.name).into_iter().collect();
    if let Some(Err(e)) = config.client.as_deref().map(ClientId::parse) {
        problems.push(problem("client", e.to_string()));
    }
    if config.permissions.len() > MAX_PERMISSIONS {
        problems.push(problem(
            "permissions",
            format!("more than {MAX_PERMISSIONS}"),
        ));
    }
    for (i, permission) in config.permissions.iter().enumerate() {
        if !is_permission(permission) {
            problems.push(problem(
                "permissions",
                format!("{permission:?} is not a permission: 1 to 64 letters, digits and any of : . _ / -"),
            ));
        } else if config.permissions.iter().take(i).any(|p| p == permission) {
            problems.push(problem(
                "permissions",
                format!("{permission} is listed twice"),
            ));
        }
    }
    problems
}

/// Accepts a group.
pub fn check_group(config: &GroupConfig, owner: Owner) -> Result<Group, MetadataError> {
    first(group_problems(config))?;
    Ok(Group {
        name: config.name.clone(),
        roles: config.roles.clone(),
        owner,
        enabled: true,
    })
}

/// Everything that is wrong with a group.
#[must_use]
pub fn group_problems(config: &GroupConfig) -> Vec<MetadataError> {
    let mut problems: Vec<_> = bad_name("name", &config.name).into_iter().collect();
    problems.extend(role_name_problems(&config.roles, MAX_ROLES_OF_A_GROUP));
    problems
}

/// Accepts an organization. Domains are compared in lower case.
pub fn check_organization(
    config: &OrganizationConfig,
    owner: Owner,
) -> Result<Organization, MetadataError> {
    first(organization_problems(config))?;
    let id = OrganizationId::parse(&config.id).map_err(|e| problem("id", e.to_string()))?;
    let mut domains: Vec<String> = config.domains.iter().map(|d| d.to_lowercase()).collect();
    domains.sort_unstable();
    Ok(Organization {
        id,
        name: config.name.clone(),
        domains,
        join_by_domain: config.join_by_domain,
        owner,
        enabled: true,
    })
}

/// Everything that is wrong with an organization.
#[must_use]
pub fn organization_problems(config: &OrganizationConfig) -> Vec<MetadataError> {
    let mut problems = Vec::new();
    if let Err(e) = OrganizationId::parse(&config.id) {
        problems.push(problem("id", e.to_string()));
    }
    problems.extend(bad_name("name", &config.name));
    if config.name.trim() != config.name {
        problems.push(problem("name", "it begins or ends with a space".to_owned()));
    }
    if config.domains.len() > MAX_DOMAINS {
        problems.push(problem("domains", format!("more than {MAX_DOMAINS}")));
    }
    for (i, domain) in config.domains.iter().enumerate() {
        let mut earlier = config.domains.iter().take(i);
        if !is_domain(domain) {
            problems.push(problem(
                "domains",
                format!("{domain:?} is not a domain such as example.com (in ASCII)"),
            ));
        } else if earlier.any(|other| other.eq_ignore_ascii_case(domain)) {
            problems.push(problem("domains", format!("{domain} is listed twice")));
        }
    }
    problems
}

/// Accepts the roles of a user, or of a member inside an organization.
pub fn check_role_names(roles: &[String]) -> Result<(), MetadataError> {
    first(role_name_problems(roles, MAX_ROLES_OF_A_USER))
}

fn role_name_problems(roles: &[String], most: usize) -> Vec<MetadataError> {
    if roles.len() > most {
        return vec![problem("roles", format!("more than {most}"))];
    }
    let bad = roles.iter().filter_map(|role| bad_name("roles", role));
    let twice = roles.iter().enumerate().filter_map(|(i, role)| {
        let mut earlier = roles.iter().take(i);
        earlier
            .any(|other| other == role)
            .then(|| problem("roles", format!("{role} is listed twice")))
    });
    bad.chain(twice).collect()
}

fn bad_name(field: &'static str, name: &str) -> Option<MetadataError> {
    let bad = name.is_empty()
        || name.len() > MAX_NAME_BYTES
        || name.chars().any(crate::model::is_invisible);
    bad.then(|| {
        let what = "it is empty, longer than 128 bytes, or has control or invisible characters";
        problem(field, what.to_owned())
    })
}

fn is_permission(name: &str) -> bool {
    let may = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b':' | b'.' | b'_' | b'/' | b'-');
    (1..=MAX_PERMISSION_NAME_BYTES).contains(&name.len()) && name.bytes().all(may)
}

fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    domain.len() <= MAX_DOMAIN_BYTES && domain.contains('.') && domain.split('.').all(label)
}

fn first(problems: Vec<MetadataError>) -> Result<(), MetadataError> {
    problems.into_iter().next().map_or(Ok(()), Err)
}

fn problem(field: &'static str, problem: String) -> MetadataError {
    MetadataError { field, problem }
}
