//! The roles, groups and organizations of the file.

use std::collections::HashMap;

use cardea_protocol::{
    model::{MetadataError, Owner},
    roles::{
        Group, GroupConfig, Organization, OrganizationConfig, Role, RoleCatalog, RoleConfig,
        check_group, check_organization, check_role, group_problems, organization_problems,
        role_problems,
    },
};

use super::{Config, ConfigProblem};

/// The roles, groups and organizations of the file, checked.
#[derive(Default)]
pub(crate) struct FileRoles {
    pub(crate) roles: Vec<Role>,
    pub(crate) groups: Vec<Group>,
    pub(crate) organizations: Vec<Organization>,
}

impl Config {
    /// The roles, groups and organizations of the file, or everything that is wrong with them.
    pub(crate) fn file_roles(&self) -> Result<FileRoles, Vec<ConfigProblem>> {
        let mut problems = self.role_problems();
        problems.extend(self.group_problems());
        problems.extend(self.organization_problems());
        if !problems.is_empty() {
            return Err(problems);
        }
        let located = |section: &'static str| {
            move |e: MetadataError| vec![ConfigProblem::new(section, e.to_string())]
        };
        let role = |config: &RoleConfig| check_role(config, Owner::File);
        let group = |config: &GroupConfig| check_group(config, Owner::File);
        let organization = |config: &OrganizationConfig| check_organization(config, Owner::File);
        let all = FileRoles {
            roles: all(&self.roles, role).map_err(located("roles"))?,
            groups: all(&self.groups, group).map_err(located("groups"))?,
            organizations: all(&self.organizations, organization)
                .map_err(located("organizations"))?,
        };
        RoleCatalog::new(0, all.roles.clone(), all.groups.clone())
            .check()
            .map_err(located("roles"))?;
        Ok(all)
    }

    fn role_problems(&self) -> Vec<ConfigProblem> {
        let names = || self.roles.iter().map(|role| role.name.as_str());
        let mut problems = Vec::new();
        for (index, role) in self.roles.iter().enumerate() {
            let at = |e: MetadataError| self.of_list("roles", names(), (index, e));
            problems.extend(role_problems(role).into_iter().map(at));
            let mut earlier = self.roles.iter().take(index);
            if earlier.any(|other| (&other.name, &other.client) == (&role.name, &role.client)) {
                problems.push(at(twice("name")));
            }
        }
        problems
    }

    fn group_problems(&self) -> Vec<ConfigProblem> {
        let names = || self.groups.iter().map(|group| group.name.as_str());
        let mut problems = Vec::new();
        for (index, group) in self.groups.iter().enumerate() {
            let at = |e: MetadataError| self.of_list("groups", names(), (index, e));
            problems.extend(group_problems(group).into_iter().map(at));
            if names().take(index).any(|other| other == group.name) {
                problems.push(at(twice("name")));
            }
        }
        problems
    }

    fn organization_problems(&self) -> Vec<ConfigProblem> {
        let ids = || self.organizations.iter().map(|o| o.id.as_str());
        let mut domains: HashMap<String, &str> = HashMap::new();
        let mut problems = Vec::new();
        for (index, organization) in self.organizations.iter().enumerate() {
            let at = |e: MetadataError| self.of_list("organizations", ids(), (index, e));
            problems.extend(organization_problems(organization).into_iter().map(at));
            let mut earlier = self.organizations.iter().take(index);
            if ids().take(index).any(|other| other == organization.id) {
                problems.push(at(twice("id")));
            } else if earlier.any(|o| o.name.to_lowercase() == organization.name.to_lowercase()) {
                problems.push(at(twice("name")));
            }
            for domain in &organization.domains {
                let owner = domains
                    .entry(domain.to_lowercase())
                    .or_insert(&organization.id);
                if *owner != organization.id {
                    problems.push(at(MetadataError {
                        field: "domains",
                        problem: format!("{domain} belongs to {owner} already"),
                    }));
                }
            }
        }
        problems
    }

    fn of_list<'a>(
        &self,
        section: &str,
        names: impl Iterator<Item = &'a str>,
        (index, error): (usize, MetadataError),
    ) -> ConfigProblem {
        let key = self.at_entry(section, names, (index, error.field));
        ConfigProblem::new(key, error.to_string())
    }
}

fn all<C, T>(
    configured: &[C],
    check: impl Fn(&C) -> Result<T, MetadataError>,
) -> Result<Vec<T>, MetadataError> {
    configured.iter().map(check).collect()
}

fn twice(field: &'static str) -> MetadataError {
    MetadataError {
        field,
        problem: "it is defined twice".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    fn organization(id: &str, name: &str, domains: &[&str]) -> OrganizationConfig {
        OrganizationConfig {
            id: id.to_owned(),
            name: name.to_owned(),
            domains: texts(domains),
            join_by_domain: false,
        }
    }

    #[test]
    fn d27_all_problems_of_roles_groups_and_organizations_are_found_in_one_pass() {
        let role = |name: &str, permissions: &[&str]| RoleConfig {
            name: name.to_owned(),
            permissions: texts(permissions),
            client: None,
        };
        let group = |name: &str, roles: &[&str]| GroupConfig {
            name: name.to_owned(),
            roles: texts(roles),
        };
        let config = Config {
            roles: vec![
                role("clerk", &["a b", "ok"]),
                role("clerk", &[]),
                RoleConfig {
                    client: Some("app".to_owned()),
                    ..role("clerk", &[])
                },
            ],
            groups: vec![group("", &["x", "x"]), group("g", &[]), group("g", &[])],
            organizations: vec![
                organization("acme", "Acme", &["a.example"]),
                organization("Beta", "acme", &["A.example"]),
                organization("acme", "Other", &[]),
            ],
            ..Config::default()
        };
        let problems = config.file_roles().err().unwrap();
        let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
        for (key, what) in [
            ("roles \"clerk\"", "is not a permission"),
            ("roles \"clerk\"", "defined twice"),
            ("groups \"\"", "name: it is empty"),
            ("groups \"\"", "x is listed twice"),
            ("groups \"g\"", "defined twice"),
            ("organizations \"Beta\"", "id: not a organization id"),
            ("organizations \"Beta\"", "name: it is defined twice"),
            ("organizations \"Beta\"", "belongs to acme already"),
            ("organizations \"acme\"", "id: it is defined twice"),
        ] {
            let has = |t: &String| t.starts_with(key) && t.contains(what);
            assert!(texts.iter().any(has), "{key}: {what} is not in {texts:#?}");
        }
        assert_eq!(texts.len(), 9, "{texts:#?}");
    }
}
