package launchdarkly

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rolewright/rolewright/reconcile/role"
)

// oneMember is the JSON of a member as an account sends it: it holds a role and is in two teams.
func oneMember(name string) string {
	return fmt.Sprintf(`{"_id":%q,"email":%q,"role":"reader","customRoles":[%q],"roleAttributes":{"projects":["web","app"]},"teams":[{"key":"t2","name":"T","customRoleKeys":["x"],"_links":{}},{"key":"t1","name":"T"}],"_pendingInvite":false,"_verified":true,"mfa":"disabled","_lastSeen":1608260796147,"creationDate":1,"version":3,"_links":{"self":{"href":"/x"}}}`,
		id(name), name+"@example.com", id("ops"))
}

// oneTeam is the JSON of a team, expanded, with the roles that an answer shows and their number.
func oneTeam(key string, total int, roles ...string) string {
	return fmt.Sprintf(`{"key":%q,"name":"Team %s","description":"","_version":4,"_idpSynced":false,"_creationDate":1,"_lastModified":2,"roles":%s,"roleAttributes":{},"members":{"totalCount":3},"_links":{}}`,
		key, key, teamRoles(total, roles...))
}

// teamRoles is the JSON of the roles within a team; a negative total is not sent.
func teamRoles(total int, roles ...string) string {
	items := make([]string, len(roles))
	for i, r := range roles {
		items[i] = fmt.Sprintf(`{"key":%q,"name":"R","projects":{"totalCount":0},"appliedOn":1}`, r)
	}
	body := `{"items":[` + strings.Join(items, ",") + `]`
	if total >= 0 {
		body += fmt.Sprintf(`,"totalCount":%d`, total)
	}
	return body + "}"
}

func manyMembers(n int) *account {
	a := &account{path: membersPath}
	for i := range n {
		a.roles = append(a.roles, oneMember(fmt.Sprintf("m%05d", i)))
	}
	return a
}

func manyTeams(n int) *account {
	a := &account{path: teamsPath, largest: maxTeams}
	for i := range n {
		a.roles = append(a.roles, oneTeam(fmt.Sprintf("t%05d", i), 1, "ops"))
	}
	return a
}

func keyNames(prefix string, n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("%s%03d", prefix, i))
	}
	return names
}

func emails(members []role.LiveMember) []string {
	var list []string
	for _, m := range members {
		list = append(list, strings.TrimSuffix(m.Email, "@example.com"))
	}
	return list
}

func teamKeys(teams []role.LiveTeam) []string {
	var list []string
	for _, t := range teams {
		list = append(list, t.Key)
	}
	return list
}

// script answers each "METHOD path" with the replies given for it, the last one again and again,
// and keeps what was asked.
type script struct {
	mu      sync.Mutex
	replies map[string][]http.HandlerFunc
	asked   []string // "METHOD path?query body"
	kinds   []string // "METHOD content-type" of what was no read
}

func (s *script) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(req.Body)
	s.asked = append(s.asked, strings.TrimSpace(req.Method+" "+strings.TrimPrefix(req.URL.RequestURI(), "/api/v2")+" "+string(body)))
	if req.Method != http.MethodGet {
		s.kinds = append(s.kinds, req.Method+" "+req.Header.Get("Content-Type"))
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	name := req.Method + " " + strings.TrimPrefix(req.URL.Path, "/api/v2")
	left := s.replies[name]
	if len(left) == 0 {
		jsonReply(404, `{"code":"not_found","message":"nothing at `+name+`"}`)(w, req)
		return
	}
	if len(left) > 1 {
		s.replies[name] = left[1:]
	}
	left[0](w, req)
}

// writesAsked are the requests that were no reads.
func (s *script) writesAsked() []string {
	var list []string
	for _, a := range s.asked {
		if !strings.HasPrefix(a, "GET ") {
			list = append(list, a)
		}
	}
	return list
}

func replies(bodies ...string) []http.HandlerFunc {
	var list []http.HandlerFunc
	for _, b := range bodies {
		list = append(list, jsonReply(200, b))
	}
	return list
}

// patched answers a patch as an account does that holds a member: with what it then is.
func patched(held string) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		var wrapped struct{ Patch []operation }
		if json.Unmarshal(body, &wrapped.Patch) != nil && json.Unmarshal(body, &wrapped) != nil {
			panic("not a patch: " + string(body))
		}
		member := map[string]any{}
		if err := json.Unmarshal([]byte(held), &member); err != nil {
			panic(err)
		}
		for _, o := range wrapped.Patch {
			if o.Op == "replace" {
				member[strings.TrimPrefix(o.Path, "/")] = o.Value
			}
		}
		text, err := json.Marshal(member)
		if err != nil {
			panic(err)
		}
		jsonReply(200, string(text))(w, req)
	}
}

// inRounds does something at 50 ms a request and returns how many of them passed in sequence.
func inRounds(t *testing.T, handler http.Handler, do func(t *testing.T, c *Client)) (rounds int) {
	const latency = 50 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		c := client(t, nil, func(o *Options) {
			o.Sleep, o.Now = nil, nil
			o.Transport = transportFunc(func(req *http.Request) (*http.Response, error) {
				time.Sleep(latency)
				return inProcess{handler}.RoundTrip(req)
			})
		})
		start := time.Now()
		do(t, c)
		rounds = int(time.Since(start) / latency)
	})
	return rounds
}
