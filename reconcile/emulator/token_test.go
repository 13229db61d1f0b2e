package emulator

import (
	"encoding/json"
	"strings"
	"testing"
)

// asToken sends the requests that follow with another token.
func (f *fixture) asToken(secret string) *fixture {
	other := *f
	other.token = secret
	return &other
}

// me reads what a token is, through the id that the account gives it.
func (f *fixture) me() (id struct {
	TokenID, MemberID string
	ServiceToken      bool
}, token wireToken,
) {
	f.t.Helper()
	f.must(json.Unmarshal([]byte(f.want(200, "GET", apiPath+"/caller-identity", "").body), &id))
	f.must(json.Unmarshal([]byte(f.want(200, "GET", tokensPath+"/"+id.TokenID, "").body), &token))
	return id, token
}

// TestOwnToken: each kind of token reads what limits it, and whose it is.
func TestOwnToken(t *testing.T) {
	f := peopled(t, Options{Tokens: []Token{
		{Secret: "everything"},
		{Secret: "reader", Role: "reader", Member: bo},
		{Secret: "roles", CustomRoles: []string{"ops", "gone"}, Service: true, Member: bo},
		{Secret: "inline", Inline: []Statement{{Effect: "allow", Actions: []string{"*"}, Resources: []string{"role/*"}}}},
		{Secret: "person", OfMember: true, Member: bo},
	}})
	ops := f.asToken("everything").role("ops")
	for secret, want := range map[string]wireToken{
		"everything": {Role: "admin"},
		"reader":     {Role: "reader"},
		"roles":      {CustomRoleIDs: []string{ops, "gone"}, ServiceToken: true},
		"inline":     {InlineRole: []Statement{{Effect: "allow", Actions: []string{"*"}, Resources: []string{"role/*"}}}},
		"person":     {},
	} {
		id, got := f.asToken(secret).me()
		if got.ID != id.TokenID || got.ServiceToken != id.ServiceToken || (id.MemberID == "") != got.ServiceToken {
			t.Errorf("%s: %+v is %+v", secret, id, got)
		}
		limits := wireToken{Role: got.Role, CustomRoleIDs: got.CustomRoleIDs, InlineRole: got.InlineRole, ServiceToken: got.ServiceToken}
		if asText(t, limits) != asText(t, want) {
			t.Errorf("%s: %s", secret, asText(t, limits))
		}
		if got.Token != "****" {
			t.Errorf("%s: shows the token as %q", secret, got.Token)
		}
	}
	if _, got := f.asToken("person").me(); got.MemberID != f.member(bo) {
		t.Errorf("member %s", got.MemberID)
	}
	one, _ := f.asToken("everything").me()
	if _, got := f.asToken("everything").me(); got.ID != one.TokenID {
		t.Error("the id of a token changes")
	}
	f.asToken("reader").want(404, "GET", tokensPath+"/"+one.TokenID, "")
	reader, _ := f.asToken("reader").me()
	if other := f.asToken("everything").want(200, "GET", tokensPath+"/"+reader.TokenID, ""); !strings.Contains(other.body, `"role":"reader"`) {
		t.Errorf("another token: %s", other.body)
	}
	f.asToken("everything").want(404, "GET", tokensPath+"/5c0ffee5c0ffee5c0ffee5c0", "")
}

// TestServiceTokenIsNobody: whoever made a service token is a member like any other to it.
func TestServiceTokenIsNobody(t *testing.T) {
	f := peopled(t, Options{Tokens: []Token{{Secret: "token", Role: "admin", Member: bo, Service: true}, {Secret: "own", Member: bo}}})
	patch := `[{"op":"replace","path":"/role","value":"writer"}]`
	f.asToken("own").want(403, "PATCH", memberHref(f.member(bo)), patch)
	f.want(200, "PATCH", memberHref(f.member(bo)), patch)
	f.want(404, "GET", membersPath+"/me", "")
	if _, token := f.me(); token.MemberID != f.member(bo) {
		t.Errorf("made by %q", token.MemberID)
	}
}

// TestOwnTokenRefused: an account may keep from a token what it is.
func TestOwnTokenRefused(t *testing.T) {
	f := behaving(t, "ownToken=refuse")
	id := f.store.id("token", 0)
	f.want(403, "GET", tokensPath+"/"+id, "")
	g := behaving(t)
	if a := g.want(200, "GET", tokensPath+"/"+id, ""); !strings.Contains(a.body, `"role":"admin"`) {
		t.Errorf("a token that may do everything: %s", a.body)
	}
}
