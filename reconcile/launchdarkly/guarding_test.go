package launchdarkly

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

// untested refuses every patch with a test, and answers any other request with ok.
func untested(sent *[]string, status int, ok http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		req.Body = io.NopCloser(bytes.NewReader(body))
		if req.Method == http.MethodPatch {
			*sent = append(*sent, string(body))
		}
		if strings.Contains(string(body), `"op":"test"`) {
			jsonReply(status, `{}`)(w, req)
			return
		}
		ok(w, req)
	}
}

// TestTestsRefused: an account that refuses every patch with a test is found out where the same update
// is made again, by asking twice with a test alone; from then on nothing else is asked.
func TestTestsRefused(t *testing.T) {
	for _, status := range []int{409, 412, 422} {
		var sent []string
		c := client(t, untested(&sent, status, jsonReply(200, oneRole("ops"))))
		before, err := c.Role(t.Context(), "ops")
		if err != nil {
			t.Fatal(err)
		}
		after := before.Role
		after.Name = "another"
		if _, err := c.UpdateRole(t.Context(), before, after, ""); classes(err) != "conflict" || len(sent) != 1 {
			t.Errorf("first: %v, sent %q", err, sent)
		}
		if roles, members := c.Unguarded(); roles || members {
			t.Error("unguarded after a conflict that may be one")
		}
		for i, want := range []int{4, 5} {
			_, err := c.UpdateRole(t.Context(), before, after, "")
			if roles, _ := c.Unguarded(); err != nil || len(sent) != want || !roles {
				t.Errorf("again %d: %v, sent %q, unguarded %t", i, err, sent, roles)
			}
		}
		const ask = `{"patch":[{"op":"test","path":"/key","value":"ops"}]}`
		if sent[1] != ask || sent[2] != ask || strings.Contains(sent[3]+sent[4], "test") {
			t.Errorf("sent %q", sent)
		}
	}
}

// TestTestsTaken: an account that takes a test and refuses the update is not given it without.
func TestTestsTaken(t *testing.T) {
	var sent []string
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		sent = append(sent, string(body))
		if strings.Contains(string(body), "replace") {
			jsonReply(409, `{}`)(w, req)
			return
		}
		jsonReply(200, oneRole("ops"))(w, req)
	}))
	before, err := c.Role(t.Context(), "ops")
	if err != nil {
		t.Fatal(err)
	}
	after := before.Role
	after.Name = "another"
	for range 3 {
		if _, err := c.UpdateRole(t.Context(), before, after, ""); classes(err) != "conflict" {
			t.Error(err)
		}
	}
	if roles, _ := c.Unguarded(); roles {
		t.Error("unguarded")
	}
	for _, body := range sent {
		if strings.Contains(body, "replace") && !strings.Contains(body, "test") {
			t.Errorf("sent %q", sent)
		}
	}
}

// TestOneRefusalProvesNothing: an account that once refuses a test that holds, and takes it when it is asked
// again, is given no update without a test.
func TestOneRefusalProvesNothing(t *testing.T) {
	var sent []string
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		if req.Method == http.MethodPatch {
			sent = append(sent, string(body))
		}
		if len(sent) == 1 || len(sent) == 2 {
			jsonReply(422, `{}`)(w, req)
			return
		}
		jsonReply(200, oneRole("ops"))(w, req)
	}))
	before, err := c.Role(t.Context(), "ops")
	if err != nil {
		t.Fatal(err)
	}
	after := before.Role
	after.Name = "another"
	for range 2 {
		_, _ = c.UpdateRole(t.Context(), before, after, "")
	}
	if roles, _ := c.Unguarded(); roles || len(sent) != 4 || !strings.Contains(sent[3], `"test"`) {
		t.Errorf("unguarded %t, sent %q", roles, sent)
	}
}
