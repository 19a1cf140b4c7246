mail-hello = Hello { $user },
mail-hello-nobody = Hello,
mail-copy = If the button does not work, open this address in your browser:
mail-until = The link works until { $time }.
mail-ignore = If this wasn't you, you can ignore this mail. Nothing will change.
mail-device = Device
mail-network = Network
mail-time = Time
mail-sent-by = Sent by { $brand }:
mail-sign-up-subject = Confirm your address for { $brand }
mail-sign-up-text = Confirm this address to finish signing up at { $brand }.
mail-sign-up-button = Confirm address
mail-sign-up-taken-subject = You already have an account at { $brand }
mail-sign-up-taken-text = This address was used to sign up at { $brand }, but it already has an account. If this was you, sign in instead. If you forgot your password, you can choose a new one on the sign-in page.
mail-verify-email-subject = Confirm your address for { $brand }
mail-verify-email-text = Confirm that this address is yours.
mail-verify-email-button = Confirm address
mail-email-change-old-subject = Your address at { $brand } was changed
mail-email-change-old-text = The address of your account was changed to { $address }. If this wasn't you, undo the change now.
mail-email-change-old-button = Undo the change
mail-password-reset-subject = Choose a new password for { $brand }
mail-password-reset-text = A new password was requested for your account at { $brand }.
mail-password-reset-button = Choose a new password
mail-password-changed-subject = Your password at { $brand } was changed
mail-password-changed-text = The password of your account was changed. If this wasn't you, secure your account now.
mail-invitation-subject = You are invited to { $brand }
mail-invitation-text = You are invited to make an account at { $brand }.
mail-invitation-button = Show the invitation
mail-organization-invitation-subject = You are invited to an organization at { $brand }
mail-organization-invitation-text = { $inviter } invites you to { $organization }.
mail-organization-invitation-button = Show the invitation
mail-many-failures-subject = Failed sign-ins to your account at { $brand }
mail-many-failures-text = { $count ->
    [one] There was { $count } failed attempt to sign in to your account.
   *[other] There were { $count } failed attempts to sign in to your account.
  } You can still sign in as usual. If these weren't yours, make sure that your password is used nowhere else.
mail-new-device-subject = New sign-in to your account at { $brand }
mail-new-device-text = Your account was used on a device that it was not used on before. If this was you, there is nothing to do.
mail-factor-added-subject = A way to sign in was added to your account at { $brand }
mail-factor-added-text = { $factor } was added to your account. If this wasn't you, secure your account now.
mail-factor-removed-subject = A way to sign in was removed from your account at { $brand }
mail-factor-removed-text = { $factor } was removed from your account. If this wasn't you, secure your account now.
mail-factor-reset-subject = Two-step sign-in of your account at { $brand } was reset
mail-factor-reset-text = An administrator reset the two-step sign-in of your account. If you did not ask for this, contact your administrator.
mail-factor-reset-button = Continue
mail-backup-codes-low-subject = Few backup codes are left for { $brand }
mail-backup-codes-low-text = { $count ->
    [one] You have { $count } backup code left.
   *[other] You have { $count } backup codes left.
  } Make new ones on your account page, under Security.
mail-account-linked-subject = { $brand }: an account was linked
mail-account-linked-text = Your account can be used with { $provider } now. If this wasn't you, secure your account now.
mail-account-unlinked-subject = { $brand }: an account was unlinked
mail-account-unlinked-text = Your account can't be used with { $provider } any more.
mail-account-deletion-subject = Your account at { $brand } will be deleted
mail-account-deletion-text = Your account and its data will be deleted on { $time }. Until then you can keep it.
mail-account-deletion-button = Keep my account
mail-account-deleted-subject = Your account at { $brand } was deleted
mail-account-deleted-text = Your account and its data were deleted.
mail-test-subject = Test mail of { $brand }
mail-test-text = Mail from { $brand } arrives.
mail-not-me-button = It wasn't me
mailbox-lead = The mails of this process. They leave this machine only if a mail server is configured.
mailbox-none = There are no mails yet.
mailbox-html = HTML part
mailbox-all = All mails
