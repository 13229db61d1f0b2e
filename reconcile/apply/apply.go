// Package apply carries out a plan.
//
// Invariant: nothing is decided here. What is done, in which order, stands in the plan; this
// package writes it through a [Store], checks that each write had the effect that was planned,
// and stops at the first surprise. A write whose outcome is unknown is settled by reading back,
// never by sending it again blindly. Killed at any instant, the next plan finishes the work.
//
// The package must not talk to a network itself, print, or read the clock: the store, the
// progress function and the sleeper are passed in, so that all of it runs in a simulation.
package apply

import (
	"context"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Store is an account as apply needs it. Errors wrap those of package role (role.ErrNotFound …).
type Store interface {
	// Roles returns every role of the account, complete or an error.
	Roles(ctx context.Context) ([]role.Live, error)
	// Role returns one role by key, with Raw set.
	Role(ctx context.Context, key string) (role.Live, error)
	// CreateRole sends one create and returns the role as the server answered.
	CreateRole(ctx context.Context, r role.Role) (role.Live, error)
	// UpdateRole sends one patch that tests the values of before.Raw and replaces what differs
	// in after. The comment lands in the account's audit log.
	UpdateRole(ctx context.Context, before role.Live, after role.Role, comment string) (role.Live, error)
	// DeleteRole sends one delete.
	DeleteRole(ctx context.Context, key string) error
}

// Status is how a change ended.
type Status string

// The statuses. Unknown never counts as success or as failure.
const (
	Applied      Status = "applied"
	Failed       Status = "failed"
	Unknown      Status = "unknown"
	NotAttempted Status = "not_attempted"
)

// The ways in which an apply ends, beside those of a plan.
const (
	ReasonApplied     plan.ExitReason = "applied"
	ReasonPartial     plan.ExitReason = "partial"
	ReasonStale       plan.ExitReason = "stale"
	ReasonAuth        plan.ExitReason = "auth"
	ReasonFailed      plan.ExitReason = "failed"
	ReasonInterrupted plan.ExitReason = "interrupted"
)

// FormatVersion is the version of a result's JSON form.
const FormatVersion = "1.0"

// Result says what became of each change of a plan.
type Result struct {
	FormatVersion string `json:"formatVersion"`
	Tool          string `json:"tool"`
	// Complete is false for a run that stopped early, whatever the reason; Error says which.
	Complete   bool            `json:"complete"`
	ExitReason plan.ExitReason `json:"exitReason"`
	Target     plan.Target     `json:"target"`
	PlanHash   string          `json:"planHash"`
	// Changes stand in the order of the plan.
	Changes []Outcome `json:"changes"`
	// Verified is true if the account was listed again afterwards and holds what was planned. For
	// a plan without changes nothing is listed, and it is false.
	Verified bool    `json:"verified"`
	Summary  Summary `json:"summary"`
	// Error says why the run stopped; "" if it did not.
	Error string `json:"error,omitempty"`
	Hint  string `json:"hint,omitempty"`
}

// Outcome is what became of one change.
type Outcome struct {
	ID     string      `json:"id"`
	Action plan.Action `json:"action"`
	Kind   string      `json:"kind"`
	Key    string      `json:"key"`
	Status Status      `json:"status"`
	// AlreadyThere is true for an applied change that was found made already, or so it seems: it was
	// not this run that made it.
	AlreadyThere bool `json:"alreadyThere,omitempty"`
	// Note says what was unusual: "the reply was lost, the role reads back as wanted".
	Note string `json:"note,omitempty"`
	// Error says why the change is not applied; "" for one that the run did not come to.
	Error string `json:"error,omitempty"`
	// Before is the role as it was read just before a delete was sent, kept so that it can be made
	// again. An edit that lands between that read and the delete is lost: LaunchDarkly's delete
	// takes no condition.
	Before *role.Live `json:"before,omitempty"`
}

// Summary counts outcomes by status.
type Summary struct {
	Applied      int `json:"applied"`
	Failed       int `json:"failed"`
	Unknown      int `json:"unknown"`
	NotAttempted int `json:"notAttempted"`
}
