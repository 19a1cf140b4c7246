//! The requests and responses of the administration (D31): the router and the command line use these types, and the OpenAPI
//! document `docs/reference/administration.json` is made from them.

mod audit;
mod clients;
mod data;
mod factors;
mod findings;
mod grants;
mod imports;
mod invitations;
mod keys;
mod links;
mod lists;
mod problem;
mod roles;
pub(super) mod schemas;
mod secret;
mod sessions;
mod status;
mod users;

pub use audit::{Actor, AuditEntry, AuditQuery};
pub use clients::{Client, ClientPatch, NewClient};
pub use data::{
    DataOfApp, DataOfAuthenticatorApp, DataOfEvent, DataOfGrant, DataOfLink, DataOfMembership,
    DataOfPasskey, DataOfProfile, DataOfSession, DataOfSignIn, DataOfTrustedDevice, EventAuthor,
    UserData,
};
pub use factors::{FactorResetLink, Factors, LinkDelivery, NewFactorResetLink, ResetQuery};
pub use findings::{Finding, Level};
pub use grants::{Grant, RefreshUse};
pub use imports::{ExportQuery, ImportOutcome, ImportResults, PortableUser, UserImport};
pub use invitations::{
    Invitation, InvitationQuery, Invited, Lang, NewInvitation, NewMemberInvitation,
};
pub use keys::{Key, Rotated, Rotation};
pub use links::{NewUserLink, UserLink, UserLinkPurpose};
pub use lists::{DEFAULT_LIMIT, List, ListQuery};
pub use problem::Problem;
pub use roles::{
    Group, Member, NewGroup, NewMember, NewOrganization, NewRole, Organization, OrganizationPatch,
    Role, RolePatch, RoleQuery, RolesPatch,
};
pub use sessions::{Ended, EndingQuery, Session};
pub use status::{Status, StoreOwner};
pub use users::{
    NewPassword, NewUser, User, UserPatch, UserStatus, UsersQuery, is_text, may_be_given,
};
