new-password-title = Choose a new password
new-password-title-error = Error: Choose a new password
new-password-lead = Your password has to be changed before you continue. You will be signed out everywhere else.
new-password-set = Change the password and continue
