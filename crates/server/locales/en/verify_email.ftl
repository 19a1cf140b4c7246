verify-email-title = Confirm your address
verify-email-lead = Confirm that { $email } is your address. Your user name is { $user }.
verify-email-elsewhere = You opened this link in another browser than the one that signed up. Choose your password here: the earlier one is not used.
verify-email-confirm = Confirm and continue
verify-email-has-account = { $email } has an account by now. Sign in with it.
