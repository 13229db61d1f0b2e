package plan

import "github.com/rolewright/rolewright/reconcile/policy"

// Options are what Make is told besides the roles: the scope, the guards, and what the command
// line lifts. The zero value manages nothing.
type Options struct {
	Target Target
	Source Source
	Scope  Scope
	Guards Guards
	Lift   Lift
	// Expired are assignments that the files no longer ask for, to be told of.
	Expired []Note
	// Semantics is what a policy means; with it the plan says what each change does to access. Nil
	// leaves that out, for whoever only asks whether there are changes.
	Semantics *policy.Semantics
	// Brief leaves the words out: the order, the risks and the guards are as they would be.
	Brief bool
	// Tool is the program and its version; GeneratedAt the time in RFC 3339, UTC.
	Tool, GeneratedAt string
}

// Guards are the limits of rolewright.yaml.
type Guards struct {
	// MaxDeletes is how many roles a plan may delete.
	MaxDeletes int
	// MaxDeletePercent is how many of the managed roles, in percent; counted from ten roles on,
	// since a share of very few says nothing.
	MaxDeletePercent int
	// Protect lists globs of keys that only --unprotect lets through.
	Protect []string
	// MinAdmins is how many members must be left who can edit roles and members.
	MinAdmins int
	// AllowEscalation lists keys of roles and teams, and e-mail addresses, whose changes may let
	// somebody change who may do what.
	AllowEscalation []string
}

// Lift is what the command line permits for this one run. Each is narrow and named.
type Lift struct {
	AllowDeletes int      `json:"allowDeletes"` // --allow-deletes N; 0 lifts nothing
	AllowEmpty   bool     `json:"allowEmpty"`   // --allow-empty
	AllowPreset  []string `json:"allowPreset"`  // --allow-preset KEY
	Unprotect    []string `json:"unprotect"`    // --unprotect KEY
	// --allow-escalation KEY; --allow-lockout EMAIL, or TokenInUse
	AllowEscalation []string `json:"allowEscalation,omitempty"`
	AllowLockout    []string `json:"allowLockout,omitempty"`
	AllowRisk       []string `json:"allowRisk,omitempty"` // --allow-risk KEY
	// AllowTransient are keys of roles and teams and addresses of members, whose changes may leave
	// somebody with too much or too little for a moment.
	AllowTransient []string `json:"allowTransient,omitempty"` // --allow-transient KEY
}
