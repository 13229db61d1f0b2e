package role

// Caller is whose token it is that an account is spoken to with, and what the token may do.
//
// A token is limited by one of three things: a base role, custom roles, or statements of its own. A
// token without any of them, and without Service, may do what its member may. A personal token with
// limits of its own never exceeds its member, so both count.
type Caller struct {
	AccountID string
	TokenID   string
	// MemberID is the member whose token it is; "" for a service token, which is nobody's.
	MemberID string
	Service  bool
	// Known says that what the token may do is known: the three fields below are all that limits it.
	Known bool
	// Why says, where Known is false, why not.
	Why string
	// BaseRole is "reader", "writer", "admin" or another base role.
	BaseRole string
	// CustomRoles are keys or ids of roles, as the account names them.
	CustomRoles []string
	// Inline are the statements of a token that has a policy of its own.
	Inline []Statement
}

// OfMember reports whether the token has no limits of its own: it may do what its member may.
func (c Caller) OfMember() bool {
	return c.Known && c.BaseRole == "" && len(c.CustomRoles) == 0 && len(c.Inline) == 0
}
