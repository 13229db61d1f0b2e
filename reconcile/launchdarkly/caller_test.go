package launchdarkly

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/role"
)

const tokenID = "61095542756dba551110ae21"

// asking answers for an account whose caller is identity and whose token is token.
func asking(t *testing.T, identity string, token http.HandlerFunc) *Client {
	t.Helper()
	return client(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/api/v2/caller-identity":
			jsonReply(200, identity)(w, req)
		case tokensPath + "/" + tokenID:
			token(w, req)
		default:
			t.Errorf("asked for %s", req.URL.Path)
			jsonReply(404, `{}`)(w, req)
		}
	}))
}

func TestCaller(t *testing.T) {
	const identity = `{"accountId":"a","tokenId":"` + tokenID + `","memberId":"m"}`
	known := func(c role.Caller) role.Caller {
		c.AccountID, c.TokenID, c.MemberID = "a", tokenID, "m"
		c.Known = c.Why == ""
		return c
	}
	for name, test := range map[string]struct {
		token string
		want  role.Caller
	}{
		"base role":       {`"role":"writer"`, role.Caller{BaseRole: "writer"}},
		"of its member":   {`"customRoleIds":[],"inlineRole":[]`, role.Caller{}},
		"custom roles":    {`"role":"reader","customRoleIds":["x","y"]`, role.Caller{CustomRoles: []string{"x", "y"}}},
		"service":         {`"serviceToken":true,"role":"admin"`, role.Caller{Service: true, BaseRole: "admin"}},
		"inline":          {`"inlineRole":[{"effect":"allow","actions":["*"],"resources":["role/*"]}]`, role.Caller{Inline: []role.Statement{{Effect: role.Allow, Actions: []string{"*"}, Resources: []string{"role/*"}}}}},
		"two limits":      {`"customRoleIds":["x"],"inlineRole":[{"effect":"allow"}]`, role.Caller{Why: "the token has both custom roles and statements of its own"}},
		"new field":       {`"inlineRole":[{"effect":"allow","if":1}]`, role.Caller{Why: "the token's statements hold fields that this version does not know"}},
		"new base role":   {`"role":"auditor"`, role.Caller{Why: `the token's role "auditor" is not a base role that this version knows`}},
		"service, silent": {`"serviceToken":true`, role.Caller{Service: true, Why: "the account does not say what limits this service token"}},
	} {
		got, err := asking(t, identity, jsonReply(200, `{"_id":"`+tokenID+`",`+test.token+`}`)).Caller(t.Context())
		check(t, err, "")
		if diff := cmp.Diff(known(test.want), got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if got.OfMember() != (name == "of its member") {
			t.Errorf("%s: of its member: %v", name, got.OfMember())
		}
	}
}

// TestCallerIsNotSaid: an account that does not tell is no error, one that tells nonsense is.
func TestCallerIsNotSaid(t *testing.T) {
	const identity = `{"accountId":"a","tokenId":"` + tokenID + `","memberId":"m","serviceToken":true}`
	for status, why := range map[int]string{401: "401 Unauthorized: no", 403: "403 Forbidden: no", 404: "404 Not Found: no"} {
		got, err := asking(t, identity, jsonReply(status, `{"message":"no"}`)).Caller(t.Context())
		check(t, err, "")
		want := role.Caller{AccountID: "a", TokenID: tokenID, MemberID: "m", Service: true, Why: "the token may not read what it is: " + why}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d: %s", status, diff)
		}
	}
	for _, id := range []string{`null`, `"t1"`, `"../roles/61095542756dba551110ae21"`} {
		got, err := asking(t, `{"accountId":"a","tokenId":`+id+`}`, nil).Caller(t.Context())
		check(t, err, "")
		if got.Known || got.Why != "the account does not say which token this is" {
			t.Errorf("%s: %+v", id, got)
		}
	}
	for body, want := range map[string]string{
		`{}`: `token: "_id" is missing`, `[]`: "found an array",
		`{"_id":"61095542756dba551110ae22"}`:                                     "instead of \"" + tokenID,
		`{"_id":"` + tokenID + `","inlineRole":[{"effect":7}]}`:                  `"effect": found a number`,
		`{"_id":"` + tokenID + `","customRoleIds":"x"}`:                          `"customRoleIds": found a string`,
		`{"_id":"` + tokenID + `","role":["admin"]}`:                             `"role": found an array`,
		`{"_id":"` + tokenID + `","role":"admin","serviceToken":"no"}`:           `"serviceToken": found a string`,
		`{"_id":"` + tokenID + `","inlineRole":[{"resources":["role/*"]}]}`:      `"effect" is missing`,
		`{"_id":"` + tokenID + `","inlineRole":[{"effect":"a","actions":[{}]}]}`: `"actions": found an object`,
	} {
		_, err := asking(t, identity, jsonReply(200, body)).Caller(t.Context())
		check(t, err, want)
	}
	_, err := asking(t, identity, jsonReply(400, `{"message":"odd"}`)).Caller(t.Context())
	check(t, err, "read the token: GET https://"+host+tokensPath+"/"+tokenID+": 400 Bad Request: odd")
	_, err = client(t, jsonReply(401, `{}`)).Caller(t.Context())
	check(t, err, "caller-identity: 401")
	if !errors.Is(err, role.ErrDenied) || strings.Contains(err.Error(), "tokens") {
		t.Errorf("%v", err)
	}
}
