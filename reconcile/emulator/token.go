package emulator

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// Token is a token that the emulator lets in. What it may do is said by Role, CustomRoles or Inline,
// at most one of them, or by OfMember; without any of these it may do everything. Its JSON form is that
// of a file of tokens.
type Token struct {
	Secret string `json:"secret"`
	// Refuse lists the methods that the token may not use ("DELETE").
	Refuse []string `json:"refuse,omitempty"`
	// Member is the id or the e-mail address of the member whose token it is; "" is nobody's.
	Member string `json:"member,omitempty"`
	// Service: the token is not its member's, who only made it.
	Service bool `json:"service,omitempty"`
	// Role is a base role.
	Role string `json:"role,omitempty"`
	// CustomRoles are keys or ids of roles.
	CustomRoles []string `json:"customRoles,omitempty"`
	// Inline is a policy of the token's own.
	Inline []Statement `json:"inlineRole,omitempty"`
	// OfMember: the token has no limits of its own, and may do what its member may.
	OfMember bool `json:"ofMember,omitempty"`
}

// tokenID is the id of a token; the tokens of an emulator that lets in every one are the same.
func (e *Emulator) tokenID(t Token) string { return e.store.id("token"+t.Secret, 0) }

// identity answers GET /api/v2/caller-identity. The account's id stays with the file.
func (e *Emulator) identity(r *request) (reply, error) {
	var member string
	e.store.present(func(v *view) { member = v.caller(e, r.token) })
	return jsonReply(http.StatusOK, struct {
		AccountID    string `json:"accountId"`
		AuthKind     string `json:"authKind"`
		TokenKind    string `json:"tokenKind"`
		TokenID      string `json:"tokenId"`
		TokenName    string `json:"tokenName"`
		MemberID     string `json:"memberId,omitempty"`
		ServiceToken bool   `json:"serviceToken"`
	}{
		AccountID: e.store.account, AuthKind: "token", TokenKind: "auth", TokenName: "emulator",
		TokenID: e.tokenID(r.token), MemberID: member, ServiceToken: r.token.Service,
	}), nil
}

// wireToken is a token on the wire (Token of the specification). The secret is in no answer.
type wireToken struct {
	ID             string          `json:"_id"`
	Links          map[string]link `json:"_links"`
	OwnerID        string          `json:"ownerId"`
	MemberID       string          `json:"memberId"`
	Name           string          `json:"name"`
	CreationDate   int64           `json:"creationDate"`
	LastModified   int64           `json:"lastModified"`
	Role           string          `json:"role,omitempty"`
	CustomRoleIDs  []string        `json:"customRoleIds,omitempty"`
	InlineRole     []Statement     `json:"inlineRole,omitempty"`
	Token          string          `json:"token"`
	ServiceToken   bool            `json:"serviceToken"`
	DefaultVersion int             `json:"defaultApiVersion"`
}

// getToken answers GET /api/v2/tokens/{id}: a token for itself, and all of them for administrators.
func (e *Emulator) getToken(r *request) (reply, error) {
	t, found := e.findToken(r)
	own := t.Secret == r.token.Secret
	switch {
	case !found, !own && !r.token.unlimited() && r.token.Role != "admin":
		return reply{}, errNotFound
	case own && e.opts.Behaviour.OwnToken == "refuse":
		return reply{}, e.denied()
	}
	return e.read(func(v *view) ([]byte, error) { return asJSON(e.wireToken(v, t)), nil })
}

// findToken returns the token of the id in the path.
func (e *Emulator) findToken(r *request) (Token, bool) {
	if e.tokenID(r.token) == r.id {
		return r.token, true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	i := slices.IndexFunc(e.tokens, func(t Token) bool { return e.tokenID(t) == r.id })
	if i < 0 {
		return Token{}, false
	}
	return e.tokens[i], true
}

func (e *Emulator) wireToken(v *view, t Token) wireToken {
	w := wireToken{
		ID: e.tokenID(t), Links: map[string]link{"self": linkTo(tokensPath + "/" + e.tokenID(t)), "parent": linkTo(tokensPath)},
		OwnerID: e.store.id("member", 0), MemberID: v.maker(e, t), Name: "emulator", Token: "****", ServiceToken: t.Service,
		Role: t.Role, CustomRoleIDs: v.roleIDs(t.CustomRoles), InlineRole: t.Inline, DefaultVersion: newest,
	}
	if t.unlimited() {
		w.Role = "admin" // which may do everything here
	}
	return w
}

// tokenRoles are the base roles that a token may have.
var tokenRoles = []string{"", "reader", "writer", "admin"}

// check refuses a token that cannot be.
func (t Token) check() error {
	limits := 0
	for _, is := range []bool{t.Role != "", len(t.CustomRoles) > 0, len(t.Inline) > 0, t.OfMember} {
		if is {
			limits++
		}
	}
	switch {
	case t.Secret == "":
		return errors.New("a token has no secret")
	case limits > 1:
		return errors.New("a token has one of a role, custom roles, a policy of its own and its member's rights")
	case !slices.Contains(tokenRoles, t.Role):
		return fmt.Errorf("a token's role is %q: want reader, writer or admin", t.Role)
	case t.OfMember && (t.Service || t.Member == ""):
		return errors.New("a token has its member's rights, and is no member's")
	}
	for _, s := range t.Inline {
		if err := policy.CheckStatement(s.checked(), policy.Options{}); err != nil {
			return fmt.Errorf("a token's policy: %w", err)
		}
	}
	return nil
}

// unlimited reports whether the token may do everything.
func (t Token) unlimited() bool {
	return t.Role == "" && len(t.CustomRoles) == 0 && len(t.Inline) == 0 && !t.OfMember
}
