package plan

// Cause says where a change comes from, seen from a pull request: from its own files, or from what
// was different already. It is "" where nobody asked.
type Cause string

// The causes.
const (
	// ThisChange is a change that the files of the pull request make.
	ThisChange Cause = "this change"
	// AlreadyPending is one that the base branch asks for too and that was not applied yet.
	AlreadyPending Cause = "already pending"
	// Drift is one that undoes what somebody changed in the account.
	Drift Cause = "drift"
)
