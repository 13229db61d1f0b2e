package emulator

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rolewright/rolewright/reconcile/internal/pattern"
)

const (
	apiPath       = "/api/v2"
	rolesPath     = apiPath + "/roles"
	membersPath   = apiPath + "/members"
	teamsPath     = apiPath + "/teams"
	tokensPath    = apiPath + "/tokens"
	projectsPath  = apiPath + "/projects"
	flagsPath     = apiPath + "/flags"
	versionHeader = "Ld-Api-Version"
)

// rolePath is where a role of that key is found.
func rolePath(key string) string { return rolesPath + "/" + url.PathEscape(key) }

// versions are the API versions, newest first.
var versions = []int{20240415, 20220603, 20210729, 20191212, 20160426}

const newest = 20240415

// request is a request on its way to a handler.
type request struct {
	*http.Request
	number  int
	version int
	beta    bool   // of the version header
	method  string // that counts, see X-HTTP-Method-Override
	pattern string // of the path
	token   Token
	rights  *rights // of the token, once they were asked for
	id      string  // the key or id in the path
	body    []byte
	comment string // of a patch
}

// handler answers one method of one path. An [apiError] is a refusal, any other error our failure.
type handler func(*Emulator, *request) (reply, error)

// routes holds the handlers by path pattern and method.
var routes = map[string]map[string]handler{
	apiPath:                      {http.MethodGet: (*Emulator).root},
	apiPath + "/versions":        {http.MethodGet: (*Emulator).versions},
	apiPath + "/caller-identity": {http.MethodGet: (*Emulator).identity},
	rolesPath:                    {http.MethodGet: (*Emulator).listRoles, http.MethodPost: (*Emulator).createRole},
	rolesPath + "/{key}": {
		http.MethodGet: (*Emulator).getRole, http.MethodPatch: (*Emulator).patchRole, http.MethodDelete: (*Emulator).deleteRole,
	},
	membersPath: {
		http.MethodGet: (*Emulator).listMembers, http.MethodPost: (*Emulator).createMembers, http.MethodPatch: (*Emulator).patchMembers,
	},
	membersPath + "/{key}": {
		http.MethodGet: (*Emulator).getMember, http.MethodPatch: (*Emulator).patchMember, http.MethodDelete: (*Emulator).deleteMember,
	},
	tokensPath + "/{key}":        {http.MethodGet: (*Emulator).getToken},
	membersPath + "/{key}/teams": {http.MethodPost: (*Emulator).postMemberTeams},
	teamsPath:                    {http.MethodGet: (*Emulator).listTeams, http.MethodPost: (*Emulator).createTeam},
	teamsPath + "/{key}": {
		http.MethodGet: (*Emulator).getTeam, http.MethodPatch: (*Emulator).patchTeam, http.MethodDelete: (*Emulator).deleteTeam,
	},
	teamsPath + "/{key}/roles":       {http.MethodGet: (*Emulator).listTeamRoles},
	teamsPath + "/{key}/maintainers": {http.MethodGet: (*Emulator).listMaintainers},

	projectsPath:                         {http.MethodGet: (*Emulator).listProjects},
	projectsPath + "/{key}":              {http.MethodGet: (*Emulator).getProject},
	projectsPath + "/{key}/environments": {http.MethodGet: (*Emulator).listEnvironments},
	flagsPath + "/{key}":                 {http.MethodGet: (*Emulator).listFlags},
}

// route finds the pattern of a path, and the key or id that stands in it.
func route(u *url.URL) (pattern, id string) {
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	if _, known := routes[path]; known {
		return path, ""
	}
	rest, ok := strings.CutPrefix(path, apiPath+"/")
	parts := strings.Split(rest, "/")
	if !ok || len(parts) < 2 {
		return "", ""
	}
	id, err := url.PathUnescape(parts[1])
	parts[1] = "{key}"
	pattern = apiPath + "/" + strings.Join(parts, "/")
	if _, known := routes[pattern]; !known || err != nil || id == "" {
		return "", ""
	}
	return pattern, id
}

// answer carries out request n and records what came of it.
func (e *Emulator) answer(n int, r *http.Request) reply {
	method := r.Method
	if override := r.Header.Get("X-Http-Method-Override"); override != "" && method == http.MethodPost {
		method = override
	}
	pattern, id := route(r.URL)
	header, admitted := e.limit.admit(method + " " + pattern)
	req := &request{Request: r, number: n, method: method, pattern: pattern, id: id}
	out, err := e.dispatch(req, admitted)
	if err != nil {
		out = refusal(err, e.store.id("error", uint64(n)))
	}
	if out.header == nil {
		out.header = header
	} else {
		maps.Copy(out.header, header)
	}
	e.note(n, func(rec *RequestRecord) { rec.Status, rec.Comment = out.status, req.comment })
	e.opts.Log.Debug("request", "number", n, "method", method, "path", r.URL.Path, "status", out.status)
	return out
}

func (e *Emulator) dispatch(req *request, admitted bool) (reply, error) {
	if err := e.admitToken(req); err != nil {
		return reply{}, err
	}
	if !admitted {
		return reply{}, errLimited
	}
	methods := routes[req.pattern]
	if methods == nil {
		return reply{}, errNotFound
	}
	handle := methods[req.method]
	if handle == nil {
		out := refusal(errMethod, e.store.id("error", uint64(req.number)))
		out.header = http.Header{"Allow": {strings.Join(slices.Sorted(maps.Keys(methods)), ", ")}}
		return out, nil
	}
	if err := e.readVersion(req); err != nil {
		return reply{}, err
	}
	if err := readBody(req); err != nil {
		return reply{}, err
	}
	return handle(e, req)
}

// realToken is the form of LaunchDarkly's access tokens.
var realToken = pattern.Lazy(`^api-[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// admitToken checks the token and whether it may use the method.
func (e *Emulator) admitToken(req *request) error {
	values := req.Header.Values("Authorization")
	if len(values) == 0 || values[0] == "" {
		return errToken
	}
	token := values[0]
	if e.opts.Behaviour.Bearer == "accept" {
		token = strings.TrimPrefix(token, "Bearer ")
	}
	if strings.ContainsAny(token, " \t") {
		return refuse(401, "Invalid access token: send the token alone, without a word before it")
	}
	if realToken().MatchString(token) && !e.opts.AllowRealToken {
		return refuse(401, "This is an emulator and the token looks like a real one. Use any other word as the token here, and revoke that one if it went where it should not.")
	}
	return e.permit(req, token)
}

func (e *Emulator) permit(req *request, token string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.tokens) == 0 {
		return nil
	}
	i := slices.IndexFunc(e.tokens, func(t Token) bool { return t.Secret == token })
	if i < 0 {
		return errToken
	}
	req.token = e.tokens[i]
	if slices.Contains(e.tokens[i].Refuse, req.method) {
		return e.denied()
	}
	return nil
}

// denied is the refusal of a known token without the right.
func (e *Emulator) denied() *apiError {
	if e.opts.Behaviour.PermissionStatus == "401" {
		return refuse(401, "%s", deniedText)
	}
	return refuse(403, "%s", deniedText)
}

// readVersion takes the first value of the version header: the vendor's Terraform provider sends
// two, and the first is the one that counts.
func (e *Emulator) readVersion(req *request) error {
	text := e.opts.Behaviour.DefaultVersion
	if values := req.Header.Values(versionHeader); len(values) > 0 {
		text = values[0]
	}
	if text == "beta" {
		req.version, req.beta = newest, true
		return nil
	}
	i := slices.Index(versionNames, text)
	if i < 0 {
		return refuse(400, "Unknown API version %q", text)
	}
	req.version = versions[i]
	return nil
}

// readBody reads the body of a request, if it may have one.
func readBody(req *request) error {
	if req.Body == nil {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, MaxBody+1))
	switch {
	case err != nil:
		return errBody
	case len(body) > MaxBody:
		return refuse(http.StatusRequestEntityTooLarge, "The request body is larger than %d bytes", MaxBody)
	case !utf8.Valid(body):
		return errBody
	}
	req.Body = io.NopCloser(bytes.NewReader(body)) // a request that is delivered twice is read twice
	req.body = bytes.TrimSpace(body)
	return nil
}
