// Package plan decides what an apply would do: Make compares the roles that the files want with
// the roles that an account holds and returns a Plan.
//
// Invariant: a plan is plain data. It can be saved, read back, hashed, compared and drawn without
// the account or the files it came from, and whatever will not be done stands in it with its
// reason: unmanaged, ignored, skipped, blocked. plan(apply(x)) is empty, always.
//
// The package must not do I/O, know the time, or leave a decision to the code that applies a plan.
package plan

import (
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

// FormatVersion is the version of the plan file. The first number changes when a reader of the
// old form would be misled by the new one.
const FormatVersion = "1.0"

// Plan is what an apply would do and what it would leave alone, and what it is bound to.
type Plan struct {
	FormatVersion string `json:"formatVersion"`
	Tool          string `json:"tool"` // "rolewright 0.1.0"
	// Complete is false for a plan that could not be finished; such a plan is never applied.
	Complete    bool       `json:"complete"`
	ExitReason  ExitReason `json:"exitReason"`
	GeneratedAt string     `json:"generatedAt"` // RFC 3339, UTC, seconds
	Target      Target     `json:"target"`
	Source      Source     `json:"source"`
	Scope       Scope      `json:"scope"`
	// Changes stand in the order in which they are applied: by phase, then by key.
	Changes []Change `json:"changes"`
	// Skipped are changes that the files ask for and that will not be made this time.
	Skipped []Note `json:"skipped"`
	// Unmanaged are roles of the account that no file declares; Ignored are outside the scope.
	Unmanaged []Note `json:"unmanaged"`
	Ignored   []Note `json:"ignored"`
	// Expired are assignments that files still list and no longer ask for: their last day is past.
	Expired []Note `json:"expired,omitempty"`
	// Unchanged counts the roles that are already as the files want them, UnchangedHolders the teams
	// and members.
	Unchanged        int `json:"unchanged"`
	UnchangedHolders int `json:"unchangedHolders,omitempty"`
	// People is what the plan does to the members of the account; nil where they were not read.
	People *Concerned `json:"people,omitempty"`
	// Blocks are the guards that refuse this plan. A plan with one is not applied.
	Blocks []Block `json:"blocks"`
	// Findings are those of lint rules about what the plan changes.
	Findings []diag.Finding `json:"findings,omitempty"`
	// Unchecked is what a guard could not look at, and why.
	Unchecked []string `json:"unchecked,omitempty"`
	// Lift is what the command line permitted when the plan was made, so that the guards can run
	// again before it is applied.
	Lift    Lift    `json:"lift"`
	Summary Summary `json:"summary"`
	// PlanHash is over what the plan does and to which account: format version, target, scope,
	// and id and digests of every change. It leaves out when and with what the plan was made, in
	// which order the changes are applied, and which of them in two writes.
	PlanHash string `json:"planHash"`
	// FileDigest is over everything else in the file: it shows damage, PlanHash shows meaning.
	// Neither is a signature: who can write the file can make both anew.
	FileDigest string `json:"fileDigest"`
}

// ExitReason says in one word how a run ended. The set is closed.
type ExitReason string

// The reasons a plan can carry; package apply adds those of an apply.
const (
	NoChanges ExitReason = "no_changes"
	Changes   ExitReason = "changes"
	Blocked   ExitReason = "blocked"
)

// Target is the account that a plan is bound to.
type Target struct {
	Name       string `json:"name"`
	Host       string `json:"host"`
	AccountID  string `json:"accountId"`
	APIVersion string `json:"apiVersion"`
}

// Source is what the plan was made from.
type Source struct {
	Commit       string `json:"commit,omitempty"`
	ConfigDigest string `json:"configDigest"` // over the bytes of every file of the workspace
	// Base is the commit, in full, by which causes are told; "" if nobody asked. BaseNote says what
	// could not be found out about it, and why.
	Base     string `json:"base,omitempty"`
	BaseNote string `json:"baseNote,omitempty"`
	// Offline says that no account was read: what the files of Base say stands in for it. Who holds
	// a role is not known then, and the plan is never applied.
	Offline bool `json:"offline,omitempty"`
}

// Scope is what of the account the files may touch. Teams and Members are nil where that kind is not
// managed; neither is ever pruned.
type Scope struct {
	Roles   role.Scope  `json:"roles"`
	Teams   *role.Scope `json:"teams,omitempty"`
	Members *role.Scope `json:"members,omitempty"`
}

// Action is what a change does.
type Action string

// The actions. A replace makes the role that takes the place of one with another key.
const (
	Create  Action = "create"
	Update  Action = "update"
	Delete  Action = "delete"
	Replace Action = "replace"
)

// Phase is the class in which a change is applied; see [Phases].
type Phase string

// The phases in the order in which they are applied: nobody loses access that they hold before
// and after, because what grants comes before what takes away.
const (
	PhaseCreate Phase = "create"
	// PhaseFirst is for what would come too late in its own phase: one write after the other, before
	// anything else is given or taken.
	PhaseFirst Phase = "first"
	PhaseWiden Phase = "widen"
	// PhaseTeam makes teams, with what they hold: nobody is in them yet.
	PhaseTeam Phase = "team"
	// PhaseAssign gives roles and values of role attributes, PhaseUnassign takes them away. A holder
	// to whom neither can be done first changes in one write in PhaseReassign.
	PhaseAssign   Phase = "assign"
	PhaseMixed    Phase = "mixed"
	PhaseReassign Phase = "reassign"
	PhaseUnassign Phase = "unassign"
	PhaseNarrow   Phase = "narrow"
	PhaseDelete   Phase = "delete"
)

// Phases lists the phases in order.
func Phases() []Phase {
	return []Phase{
		PhaseCreate, PhaseFirst, PhaseWiden, PhaseTeam, PhaseAssign, PhaseMixed,
		PhaseReassign, PhaseUnassign, PhaseNarrow, PhaseDelete,
	}
}

// Change is one role to create, update, delete or replace, or one write of what a team or a member
// holds.
type Change struct {
	ID string `json:"id"` // "update/role/flag-operator"
	// Step is 1 for the first of two writes of a role, after which it allows what it did and what it
	// will, 2 for the second, which takes away and starts from what the first leaves; 0 for one that
	// does all. That of a holder stands in Holder; see [Change.Part].
	Step   int    `json:"step,omitempty"`
	Action Action `json:"action"`
	Kind   string `json:"kind"` // "role", "team" or "member"
	Key    string `json:"key"`  // the e-mail address of a member
	// Replaces is the old key of a replace. The account has no role with the new key yet.
	Replaces string `json:"replaces,omitempty"`
	Phase    Phase  `json:"phase"`
	Reason   string `json:"reason"` // "the files declare it, the account has no such role"
	// Cause is where the change comes from. The plan's hash does not depend on it.
	Cause Cause `json:"cause,omitempty"`
	// AlsoOnBase says of ThisChange that the base had another change of the same role waiting.
	AlsoOnBase bool `json:"alsoOnBase,omitempty"`
	// RoleID is Before's id on the server, BeforeDigest its role.Live.Digest, AfterDigest After's
	// role.Role.Digest; "" where there is none.
	RoleID       string `json:"roleId,omitempty"`
	BeforeDigest string `json:"beforeDigest"`
	AfterDigest  string `json:"afterDigest"`
	// Before is the role in the account that the change starts from (in a replace the one with the
	// old key), After the role that is wanted, both as they were written; nil where there is none.
	Before *role.Live `json:"before"`
	After  *role.Role `json:"after"`
	// Fields and Statements are how After differs from Before; a role that is not there counts as
	// one with empty fields and no statements.
	Fields     []FieldChange `json:"fields"`
	Statements StatementDiff `json:"statements"`
	// Holder is the team or member before and after; nil for a role. Then Before, After, Access and
	// Assigned are nil, and the digests are role.LiveTeam.Digest and role.Team.Digest, or those of a
	// member.
	Holder *HolderChange `json:"holder,omitempty"`
	// Access is what the change does to access, nil if that was not asked for; Risk is why to look
	// at it twice.
	Access *Access `json:"access,omitempty"`
	Risk   []Risk  `json:"risk"`
	// Assigned is who holds Before directly.
	Assigned *role.Assigned `json:"assigned,omitempty"`
	Declared *Declared      `json:"source,omitempty"`
}

// Declared is where a file declares the role.
type Declared struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

// FieldChange is a field other than the policy that a change sets: "name", "description",
// "basePermissions", "resourceCategory". The last is set by a create or a replace; an update that
// would set it is blocked, since LaunchDarkly cannot change it.
type FieldChange struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// StatementDiff is how a policy changes, statement by statement.
// Statements that differ only in order and repetition are one statement, at its first place.
type StatementDiff struct {
	Added   []NumberedStatement `json:"added"`   // by index in the new policy
	Removed []NumberedStatement `json:"removed"` // by index in the old policy
	Changed []StatementChange   `json:"changed"` // by index in the new policy
	Kept    int                 `json:"kept"`
}

// NumberedStatement is a statement with its place in the policy that it stands in, from 0.
type NumberedStatement struct {
	Index     int            `json:"index"`
	Statement role.Statement `json:"statement"`
}

// StatementChange pairs the old and the new form of an edited statement.
type StatementChange struct {
	Before NumberedStatement `json:"before"`
	After  NumberedStatement `json:"after"`
	Lists  []ListChange      `json:"lists"`
}

// ListChange is how one list of a statement changes; Name is its JSON name ("effect" too, which
// counts as a list of one). Lists that do not change are left out.
type ListChange struct {
	Name    string   `json:"name"`
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
	Kept    int      `json:"kept"`
}

// Note is a role, a team or a member that is left alone, and why. Name and Assigned are those of the account; Declared
// is there if a file speaks of the role.
type Note struct {
	Kind     string         `json:"kind"`
	Key      string         `json:"key"`
	Name     string         `json:"name,omitempty"`
	Reason   string         `json:"reason"`
	Hint     string         `json:"hint,omitempty"`
	Assigned *role.Assigned `json:"assigned,omitempty"`
	Declared *Declared      `json:"source,omitempty"`
}

// Guard names a check that can block an apply. The set is closed.
type Guard string

// The guards.
const (
	GuardMaxDeletes       Guard = "maxDeletes"
	GuardMaxDeletePercent Guard = "maxDeletePercent"
	GuardProtect          Guard = "protect"
	GuardEmpty            Guard = "empty"
	GuardPreset           Guard = "preset"
	GuardImmutable        Guard = "immutable"
	// What files declare and the account does not have, and who owns the account.
	GuardUnknownRole   Guard = "unknownRole"
	GuardUnknownTeam   Guard = "unknownTeam"
	GuardUnknownMember Guard = "unknownMember"
	GuardOwner         Guard = "owner"
	// What the plan does to who may change who may do what.
	GuardEscalation Guard = "escalation"
	GuardLockout    Guard = "lockout"
	// What the workspace asserts: lint rules, access tests, and what those say of changes.
	GuardLint       Guard = "lint"
	GuardAccessTest Guard = "accessTest"
	GuardChanges    Guard = "changes"
	// Somebody would hold too much or too little for a moment, in whatever order.
	GuardGap Guard = "gap"
)

// Block is a guard that refuses the plan.
type Block struct {
	Guard   Guard    `json:"guard"`
	Message string   `json:"message"`
	Keys    []string `json:"keys"`
	// Flag is the exact flag that lets the plan through ("--allow-deletes 7"); "" where none does.
	Flag string `json:"flag,omitempty"`
	// Hint says what to do where no flag helps.
	Hint string `json:"hint,omitempty"`
	// Declared is the place of the files that the guard speaks of, if it does; Detail is what led to
	// it, line by line: a counterexample, the statements behind it, an edit that would help.
	Declared *Declared `json:"source,omitempty"`
	Detail   []string  `json:"detail,omitempty"`
}

// Summary counts the changes of roles by action, and the teams and members that change: one that
// takes two writes is counted once.
type Summary struct {
	Create  int `json:"create"`
	Update  int `json:"update"`
	Delete  int `json:"delete"`
	Replace int `json:"replace"`
	Teams   int `json:"teams,omitempty"`
	Members int `json:"members,omitempty"`
}

// Total returns how many roles, teams and members change.
func (s Summary) Total() int {
	return s.Create + s.Update + s.Delete + s.Replace + s.Teams + s.Members
}
