package emulator

import (
	"slices"
	"strings"
	"testing"
)

func TestRoutes(t *testing.T) {
	tests := []struct {
		method, path string
		status       int
		code         string
	}{
		{"GET", "/api/v2", 200, ""},
		{"GET", "/api/v2/", 200, ""},
		{"GET", "/api/v2/versions", 200, ""},
		{"GET", "/api/v2/caller-identity", 200, ""},
		{"GET", "/api/v2/roles", 200, ""},
		{"GET", "/api/v2/roles/", 200, ""},
		{"GET", "/api/v2/roles/none", 404, "not_found"},
		{"PATCH", "/api/v2/roles/none", 400, "invalid_request"},
		{"DELETE", "/api/v2/roles/none", 404, "not_found"},
		{"GET", "/api/v2/roles/a/b", 404, "not_found"},
		{"GET", "/api/v2/roles/a%2Fb", 404, "not_found"},
		{"GET", "/", 404, "not_found"},
		{"GET", "/api/v2/flags", 404, "not_found"},
		{"PUT", "/api/v2/roles", 405, "method_not_allowed"},
		{"DELETE", "/api/v2/roles", 405, "method_not_allowed"},
		{"POST", "/api/v2/roles/ops", 405, "method_not_allowed"},
		{"POST", "/api/v2/versions", 405, "method_not_allowed"},
		{"HEAD", "/api/v2/roles", 405, "method_not_allowed"},
		{"GET", "/api/v2/members", 200, ""},
		{"GET", "/api/v2/members/", 200, ""},
		{"GET", "/api/v2/members/none", 404, "not_found"},
		{"GET", "/api/v2/members/me", 404, "not_found"},
		{"GET", "/api/v2/members//teams", 404, "not_found"},
		{"GET", "/api/v2/members/none/teams", 405, "method_not_allowed"},
		{"GET", "/api/v2/members/none/roles", 404, "not_found"},
		{"PUT", "/api/v2/members", 405, "method_not_allowed"},
		{"DELETE", "/api/v2/members/none", 404, "not_found"},
		{"GET", "/api/v2/teams", 200, ""},
		{"GET", "/api/v2/teams/none", 404, "not_found"},
		{"GET", "/api/v2/teams/none/roles", 404, "not_found"},
		{"GET", "/api/v2/teams/none/roles/x", 404, "not_found"},
		{"POST", "/api/v2/teams/none/members", 404, "not_found"},
		{"PATCH", "/api/v2/teams", 405, "method_not_allowed"},
		{"POST", "/api/v2/teams/none/maintainers", 405, "method_not_allowed"},
		{"DELETE", "/api/v2/teams/none", 404, "not_found"},
	}
	for _, test := range tests {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			a := start(t, Options{}).want(test.status, test.method, test.path, "")
			if test.code != "" && a.code(t) != test.code {
				t.Errorf("answered %s, want %s", a.body, test.code)
			}
			if (test.status == 405) != (a.header.Get("Allow") != "") {
				t.Errorf("Allow is %q", a.header.Get("Allow"))
			}
		})
	}
}

func TestPatchOfMissingRole(t *testing.T) {
	start(t, Options{}).want(404, "PATCH", rolesPath+"/none", `[]`)
}

func TestMethodOverride(t *testing.T) {
	e := start(t, Options{})
	e.post("ops")
	r := e.request("POST", rolesPath+"/ops", "")
	r.Header.Set("X-HTTP-Method-Override", "DELETE")
	if a, err := e.try(r); err != nil || a.status != 204 {
		t.Errorf("%v %v", a, err)
	}
}

func TestTokens(t *testing.T) {
	const real = "api-01234567-89ab-cdef-0123-456789abcdef"
	tests := map[string]struct {
		opts   Options
		token  string
		status int
	}{
		"none":              {Options{}, "", 401},
		"any":               {Options{}, "anything", 200},
		"bearer":            {Options{}, "Bearer x", 401},
		"bearer accepted":   {Options{Behaviour: Behaviour{Bearer: "accept"}}, "Bearer x", 200},
		"real":              {Options{}, real, 401},
		"real behind word":  {Options{Behaviour: Behaviour{Bearer: "accept"}}, "Bearer " + real, 401},
		"real allowed":      {Options{AllowRealToken: true}, real, 200},
		"nearly real":       {Options{}, "api-local", 200},
		"known":             {Options{Tokens: []Token{{Secret: "a"}, {Secret: "b"}}}, "b", 200},
		"unknown":           {Options{Tokens: []Token{{Secret: "a"}}}, "c", 401},
		"without right":     {Options{Tokens: []Token{{Secret: "a", Refuse: []string{"GET"}}}}, "a", 403},
		"without right 401": {Options{Tokens: []Token{{Secret: "a", Refuse: []string{"GET"}}}, Behaviour: Behaviour{PermissionStatus: "401"}}, "a", 401},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := start(t, test.opts)
			e.token = test.token
			a := e.want(test.status, "GET", rolesPath, "")
			if want := map[int]string{401: "unauthorized", 403: "forbidden"}[test.status]; want != "" && a.code(t) != want {
				t.Errorf("code %s, want %s", a.body, want)
			}
			if strings.Contains(a.body, real) {
				t.Errorf("the answer repeats the token: %s", a.body)
			}
		})
	}
}

func TestRevokedToken(t *testing.T) {
	e := start(t, Options{Tokens: []Token{{Secret: "token"}}})
	e.post("a")
	e.SetTokens(Token{Secret: "other"})
	e.want(401, "GET", rolesPath, "")
	e.SetTokens()
	e.want(200, "GET", rolesPath, "")
}

func TestAPIVersions(t *testing.T) {
	tests := map[string]struct {
		values   []string
		settings []string
		status   int
		base     string
	}{
		"newest":                {[]string{"20240415"}, nil, 201, "no_access"},
		"beta":                  {[]string{"beta"}, nil, 201, "no_access"},
		"older":                 {[]string{"20220603"}, nil, 201, "reader"},
		"oldest":                {[]string{"20160426"}, nil, 201, "reader"},
		"first of two":          {[]string{"20220603", "20240415"}, nil, 201, "reader"},
		"none":                  {nil, nil, 201, "no_access"},
		"none, token is older":  {nil, []string{"defaultVersion=20191212"}, 201, "reader"},
		"unknown":               {[]string{"20990101"}, nil, 400, ""},
		"empty":                 {[]string{""}, nil, 400, ""},
		"base of every version": {[]string{"20220603"}, []string{"defaultBase=no_access"}, 201, "no_access"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := behaving(t, test.settings...)
			r := e.request("POST", rolesPath, `{"key":"k","name":"n","policy":[]}`)
			r.Header[versionHeader] = test.values
			a, err := e.try(r)
			if err != nil || a.status != test.status {
				t.Fatalf("%+v %v", a, err)
			}
			if test.status == 201 && a.role(t).BasePermissions != test.base {
				t.Errorf("made %s, want %s", a.body, test.base)
			}
			if got := e.Requests()[0].APIVersion; !slices.Equal(got, test.values) {
				t.Errorf("recorded versions %q", got)
			}
		})
	}
}
