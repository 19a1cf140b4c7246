federation-again = Sign in again

federation-refused = You were not signed in
federation-refused-what = { $provider } did not let you sign in, or you stopped there.
federation-refused-advice = Try again, or sign in another way.

federation-unavailable = { $provider } does not answer
federation-unavailable-what = We could not reach { $provider }, or it is not working right now.
federation-unavailable-advice = Wait a minute and try again, or sign in another way.

federation-failed = The sign-in did not work
federation-failed-what = We could not accept the answer of { $provider }. You were not signed in.
federation-failed-advice = Try again. If it happens again, tell the people who run this site.

federation-start-again = Please start again
federation-start-again-what = This answer of { $provider } belongs to no sign-in of this browser, or it came too late.
federation-start-again-advice = Start again here, and stay in one browser until you are done.

federation-not-fresh = Please sign in there again
federation-not-fresh-what = The app asked for a new sign-in, but { $provider } used an older one.
federation-not-fresh-advice = Sign out at { $provider }, then try again.

federation-no-account = You have no account here
federation-no-account-what = No account here belongs to your account at { $provider }.
federation-no-account-advice = If you have an account here, sign in to it and link { $provider } under Security. If not, ask the people who run this site.

federation-ask-to-link = You already have an account here
federation-ask-to-link-what = There is an account with the address { $email }. To keep it safe, only you can link { $provider } to it.
federation-ask-to-link-advice = Sign in to it as you did before. Then you can link { $provider } with one click.
federation-ask-to-link-go = Sign in to your account

federation-linked = It belongs to another account
federation-linked-what = This account at { $provider } is already linked to another account here.
federation-linked-advice = Sign in with { $provider } to use that account, or unlink it there first.

federation-disabled = This account can’t be used
federation-disabled-what = The account here that belongs to your account at { $provider } has been switched off.
federation-disabled-advice = Ask the people who run this site.

federation-links = Linked accounts
federation-links-lead = Sign in here with an account at another provider.
federation-links-add = Connect { $provider }
federation-links-remove = Unlink
federation-links-last = This is your only way to sign in. Link another account first, or ask for a password.
federation-links-open = Accounts at other providers
federation-done-linked = The account is linked. You can sign in with it from now on.
federation-done-unlinked = The account is unlinked.

federation-link-title = Link your { $provider } account?
federation-link-who = You signed in at { $provider } as { $label }.
federation-link-what = From now on, who signs in there as this user gets into your account { $user } here. Link it only if both are yours.
federation-link-yes = Link this account
federation-link-no = Not now
