//! Invitations: list, add, revoke.

use axum::{Json, extract::State};
use cardea_protocol::{
    invitation::{self, check_validity},
    mail::{EmailAddress, Mail, MailTemplate, MailValue},
    model::{Cause, InvitationId, MetadataError, OrganizationId, Username},
    roles::{Organization, check_role_names},
};
use cardea_store::{AddInvitation, RevokeInvitation};
use http::StatusCode;
use jiff::SignedDuration;

use super::{
    list,
    operator::Operator,
    organizations,
    refusal::{Answer, Refusal},
    request::{Asked, Body, Name},
    types::{Invitation as View, InvitationQuery, Invited, List, NewInvitation},
};
use crate::{app::Shared, mail::mailer::LinkTarget};

impl From<invitation::Invitation> for View {
    fn from(invitation: invitation::Invitation) -> Self {
        Self {
            id: invitation.id,
            email: invitation.email.to_string(),
            username: invitation.username,
            organization: invitation.organization,
            roles: invitation.roles,
            language: invitation.lang,
            invited_by: invitation.invited_by,
            inviter: invitation.inviter,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
        }
    }
}

/// `GET /invitations`: those that can be used, the oldest first.
#[utoipa::path(
    get,
    operation_id = "invitations_list",
    path = "/invitations",
    summary = "List the invitations that were not used yet",
    description = "",
    params(InvitationQuery),
    responses(
        (status = 200, description = "A page of the invitations, the oldest first.", body = List<View>),
    ),
)]
pub(super) async fn list(
    State(app): State<Shared>,
    operator: Operator,
    Asked(query): Asked<InvitationQuery>,
) -> Answer<Json<List<View>>> {
    let page = list::page(query.limit, query.after.as_deref())?;
    let organization = match &query.organization {
        Some(id) => Some(organizations::find(&app, id).await?.id),
        None => None,
    };
    let found = app
        .store
        .invitations(organization.as_ref(), page, operator.now())
        .await?;
    let views = found.items.into_iter().map(View::from).collect();
    Ok(Json(List::page(views, found.next)))
}

/// `POST /invitations`
#[utoipa::path(
    post,
    operation_id = "invitations_add",
    path = "/invitations",
    summary = "Invite an address to make an account, or to join an organization",
    description = "",
    request_body = NewInvitation,
    responses(
        (status = 201, description = "The invitation. It is mailed; where no mail is configured, the answer has its link.", body = Invited),
    ),
)]
pub(super) async fn add(
    State(app): State<Shared>,
    operator: Operator,
    Body(new): Body<NewInvitation>,
) -> Answer<(StatusCode, Json<Invited>)> {
    let organization = match &new.organization {
        Some(id) => Some(organizations::find(&app, id).await?),
        None => None,
    };
    let asked = Asking {
        new,
        organization,
        inviter: None,
        cause: operator.into_cause(),
    };
    Ok((StatusCode::CREATED, Json(invite(&app, asked).await?)))
}

/// `DELETE /invitations/{id}`
#[utoipa::path(
    delete,
    operation_id = "invitations_revoke",
    path = "/invitations/{id}",
    summary = "Revoke an invitation: its link does nothing any more",
    description = "",
    params(("id" = String, Path, description = "The identifier of the invitation.")),
    responses(
        (status = 204, description = "The invitation was revoked."),
    ),
)]
pub(super) async fn revoke(
    State(app): State<Shared>,
    operator: Operator,
    Name(id): Name,
) -> Answer<StatusCode> {
    revoke_in(&app, &id, None, operator.into_cause()).await
}

/// Revokes an invitation, if it is to this organization.
pub(super) async fn revoke_in(
    app: &Shared,
    id: &str,
    organization: Option<OrganizationId>,
    cause: Cause,
) -> Answer<StatusCode> {
    let command = RevokeInvitation {
        id: InvitationId::parse(id)?,
        organization,
        cause,
    };
    match app.store.revoke_invitation(command).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Refusal::not_found("such invitation")),
    }
}

/// What is asked for.
pub(super) struct Asking {
    pub(super) new: NewInvitation,
    /// The organization that `new` names.
    pub(super) organization: Option<Organization>,
    /// The name of the user who invites, as it is shown.
    pub(super) inviter: Option<String>,
    pub(super) cause: Cause,
}

/// Makes an invitation, and mails its link if mail is configured. Nothing depends on whether the address has an account.
pub(super) async fn invite(app: &Shared, asked: Asking) -> Answer<Invited> {
    let Asking {
        new,
        organization,
        inviter,
        cause,
    } = asked;
    let bad = |field, problem: String| MetadataError { field, problem };
    let email = EmailAddress::parse(&new.email).map_err(|e| bad("email", e.to_string()))?;
    let username = new.username.as_deref().map(Username::parse_new).transpose();
    let username = username.map_err(|e| bad("username", e.to_string()))?;
    check_role_names(&new.roles)?;
    let valid = i64::try_from(new.valid_seconds).unwrap_or(i64::MAX);
    let valid = SignedDuration::from_secs(valid);
    check_validity(valid)?;
    let token = app.entropy.token();
    let text = token.to_text();
    let invitation = invitation::Invitation {
        id: InvitationId::parse(&app.entropy.text(12))?,
        email,
        username,
        organization: organization.as_ref().map(|o| o.id.clone()),
        roles: new.roles,
        lang: new.language,
        invited_by: cause.actor.clone(),
        inviter,
        created_at: cause.now,
        expires_at: cause.now.saturating_add(valid).unwrap_or(cause.now),
    };
    let mail = app.mail.is_on().then(|| {
        let target = LinkTarget {
            path: "/invitation",
            token: &text,
            expires_at: invitation.expires_at,
        };
        let mail = words(app, &invitation, organization.as_ref());
        app.mail.with_link(mail, &target)
    });
    let mailed = mail.is_some();
    let command = AddInvitation {
        token: token.hash(),
        invitation: invitation.clone(),
        mail,
        cause,
    };
    if !app.store.add_invitation(command).await? {
        return Err(Refusal::conflict(
            "The organization is disabled: the configuration file no longer has it.",
        ));
    }
    app.mail.wake();
    let page = app.settings.issuer.endpoint("/invitation");
    let url = (!mailed).then(|| format!("{page}?token={}", text.expose()));
    Ok(Invited {
        invitation: invitation.into(),
        mailed,
        url,
    })
}

fn words(
    app: &Shared,
    invitation: &invitation::Invitation,
    organization: Option<&Organization>,
) -> Mail {
    let lang = invitation.lang.unwrap_or(app.settings.language);
    let to = invitation.email.clone();
    match organization {
        None => Mail::new(to, MailTemplate::Invitation, lang),
        Some(organization) => {
            let inviter = invitation.inviter.as_deref();
            Mail::new(to, MailTemplate::OrganizationInvitation, lang)
                .with(MailValue::Organization, &organization.name)
                .with(
                    MailValue::Inviter,
                    inviter.unwrap_or_else(|| app.settings.brand.name()),
                )
        }
    }
}
