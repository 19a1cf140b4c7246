consent-title = Allow access
consent-heading = Allow { $app } access?
consent-return = You will return to { $host }
consent-on-this-device = It is an app on this device
consent-again = You signed in again in another tab, so your answer was not used. Please answer again.
consent-signed-in-as = Signed in as { $name }
consent-not-you = Not you?
# Before a list, for screen readers
consent-asked = { $app } will be able to
consent-in-api = In { $api }
# In place of the name of an API
consent-other-permissions = Other permissions
consent-native = This app runs on your own device, where another app could use its name. Allow it only if you opened it yourself just now.
# Before the two links that follow
consent-policies = { $app }:
consent-privacy = privacy policy
consent-terms = terms of service
consent-note = You can revoke this at any time on your account page.
consent-deny = Don’t allow
consent-allow = Allow
# What a client learns of the user: a title, and the parts of a list below it
consent-identity = Know who you are
consent-identity-openid = an identifier that stays the same
consent-identity-profile = your name and profile
consent-identity-email = your email address
consent-identity-roles = your roles
consent-identity-groups = your groups
# Each scope: a title, and what it means
consent-openid = Know that it is you
consent-openid-detail = An identifier that stays the same each time you sign in
consent-profile = See your profile
consent-profile-detail = Your name, user name and other profile details
consent-email = See your email address
consent-address = See your postal address
consent-address-detail = Street, town and country
consent-phone = See your phone number
consent-verified-detail = And whether it was verified
consent-groups = See your groups
consent-groups-detail = The groups that you are in here
consent-roles = See your roles
consent-roles-detail = Such as user or administrator
consent-offline = Keep this access when you are away
consent-offline-detail = Even after you sign out, until you revoke it on your account page
consent-api-detail = Use { $api } in your name, with this permission
consent-act-detail = Act in your name, with this permission
consent-identity-permissions = what your roles allow
consent-identity-organization = the organization that you act for
consent-permissions = See what your roles allow
consent-permissions-detail = The names of your permissions
consent-organization = See your organization
consent-organization-detail = The one that you act for, and your roles in it
consent-tenants-admin = Administer your organization
consent-tenants-admin-detail = Its members and their roles
consent-for-organization = You act for { $organization }. What you allow is for this organization.
