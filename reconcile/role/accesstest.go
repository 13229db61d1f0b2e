package role

// AccessTest is a document of kind AccessTest: what somebody must or must not be able to do. It has
// one subject form, As, Nobody, Somebody, NoOneBoth, NoEscalation or Changes, and says at least one
// thing about it. What its texts mean is the business of package check.
//
// A box is a text as "updateOn, updateRules on proj/web:env/*:flag/*": some actions on the resources
// of one or more specifiers.
type AccessTest struct {
	Name    string // unique in a workspace
	Because string // why it has to hold, for people; may be empty
	// As is who the assertions Can, CanSome, Cannot, Within and Equals are about; nil for the other
	// forms.
	As *TestSubject
	// Can, CanSome and Cannot are boxes: all requests are allowed, some are, none is.
	Can, CanSome, Cannot []TestText
	// Within and Equals are keys of roles: whatever the subject may do that role may do too, and the
	// other way round.
	Within, Equals *TestText
	// Nobody, Somebody and NoEscalation are boxes: nobody may do any of it, at least AtLeast people
	// may do all of it, nobody can give himself a way to any of it.
	Nobody, Somebody, NoEscalation []TestText
	AtLeast                        int // 1 if it is not said
	AtLeastPos                     Pos
	// NoOneBoth are two lists of actions, separated by commas, that nobody may do both of on one
	// resource of these.
	NoOneBoth []TestText
	Resources []TestText
	// Except are those of whom nothing is asked, for Nobody, NoOneBoth and NoEscalation.
	Except TestExcept
	// Changes are gates: what a change of roles needs that grants or takes away certain access.
	Changes []TestGate
	Source  TestSource
}

// TestSubject is who an access test is about: exactly one of a role, a member and a team.
type TestSubject struct {
	Role, Member, Team string
	// RoleAttributes are the values that the role is held with. What it uses and is not listed here
	// may have any values.
	RoleAttributes Attributes
	Pos            // of the key or the address
	// Attributes holds the position of each value of each role attribute.
	Attributes map[string][]Pos
}

// TestText is a text in an access test: a box, or the key of a role.
type TestText struct {
	Text string
	Pos
}

// TestExcept lists who is left out of a test: keys of roles and of teams, addresses of members. What
// somebody holds through such a role or team does not count.
type TestExcept struct{ Roles, Teams, Members []TestText }

// TestGate says what a change needs that gains or loses access: When is a text as "gain on BOX",
// Require is "allow-risk" (the role has to be named on the command line) or "fail".
type TestGate struct{ When, Require TestText }

// The values of [TestGate.Require].
const (
	RequireAllowRisk = "allow-risk"
	RequireFail      = "fail"
)

// TestSource says where an access test is declared.
type TestSource struct {
	File string // slash-separated, relative to the workspace
	Pos         // of the document's first key
	Name Pos    // of the name
}
