factor-reset-title = Remove your second steps
factor-reset-for = For the account { $user }
factor-reset-lead = Your authenticator app, passkeys, backup codes and trusted devices are removed. After that your password alone signs you in, until you set up a new second step.
factor-reset-remove = Remove all second steps
factor-reset-not-you = You did not ask for this, or you have your second step again? Sign in with it: this link then stops working.
factor-reset-early = This link works from { $when } on.
factor-reset-done = Your second steps are removed
factor-reset-done-lead = Sign in with your password, and set up a new second step.
