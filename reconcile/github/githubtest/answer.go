package githubtest

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// reply is an answer before it is written.
type reply struct {
	status int
	body   any
	link   string
}

func (p reply) write(w http.ResponseWriter) {
	w.Header().Set("X-RateLimit-Limit", "5000")
	w.Header().Set("X-RateLimit-Remaining", "4999")
	w.Header().Set("X-RateLimit-Reset", "1900000000")
	if p.link != "" {
		w.Header().Set("Link", p.link)
	}
	if p.body == nil {
		w.WriteHeader(p.status)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(p.status)
	_ = json.NewEncoder(w).Encode(p.body)
}

func refuse(status int, message string) reply {
	return reply{status: status, body: map[string]string{
		"message": message, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status),
	}}
}

var (
	notFound    = refuse(http.StatusNotFound, "Not Found")
	integration = refuse(http.StatusForbidden, "Resource not accessible by integration")
)

type person struct {
	Login string `json:"login"`
	ID    int64  `json:"id"`
	Type  string `json:"type"`
}

func personOf(a Account) person {
	kind := "User"
	if a.Bot {
		kind = "Bot"
	}
	return person{a.Login, a.ID, kind}
}

type commentWire struct {
	ID      int64  `json:"id"`
	NodeID  string `json:"node_id"`
	HTMLURL string `json:"html_url"`
	Body    string `json:"body"`
	User    person `json:"user"`
}

type repositoryWire struct {
	ID       int64  `json:"id"`
	FullName string `json:"full_name"`
}

type commitWire struct {
	Ref  string          `json:"ref"`
	SHA  string          `json:"sha"`
	Repo *repositoryWire `json:"repo"`
}

type pullWire struct {
	Number   int        `json:"number"`
	State    string     `json:"state"`
	Head     commitWire `json:"head"`
	Base     commitWire `json:"base"`
	MergedAt *string    `json:"merged_at"`
	MergedAs *string    `json:"merge_commit_sha"`
}

// call is a request on its way through the routes.
type call struct {
	*http.Request
	req  Request
	who  Account
	part []string // what the route's pattern caught
}

var routes = []struct {
	pattern *regexp.Regexp
	answer  func(*Server, call) reply
}{
	{regexp.MustCompile(`^POST /graphql$`), (*Server).graphql},
	{regexp.MustCompile(`^GET /user$`), (*Server).user},
	{regexp.MustCompile(`^GET /repos/([^/]+/[^/]+)/issues/(\d+)/comments$`), (*Server).listComments},
	{regexp.MustCompile(`^POST /repos/([^/]+/[^/]+)/issues/(\d+)/comments$`), (*Server).createComment},
	{regexp.MustCompile(`^GET /repos/([^/]+/[^/]+)/issues/comments/(\d+)$`), (*Server).getComment},
	{regexp.MustCompile(`^PATCH /repos/([^/]+/[^/]+)/issues/comments/(\d+)$`), (*Server).editComment},
	{regexp.MustCompile(`^DELETE /repos/([^/]+/[^/]+)/issues/comments/(\d+)$`), (*Server).deleteComment},
	{regexp.MustCompile(`^GET /repos/([^/]+/[^/]+)/pulls$`), (*Server).listPulls},
	{regexp.MustCompile(`^GET /repos/([^/]+/[^/]+)/commits/([0-9a-f]+)/pulls$`), (*Server).pullsOfCommit},
	{regexp.MustCompile(`^GET /repos/([^/]+/[^/]+)/git/ref/heads/(.+)$`), (*Server).ref},
}

// answer does what is asked and returns the answer.
func (s *Server) answer(r *http.Request, req Request) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	who, ok := s.accounts[req.Token]
	if !ok {
		return refuse(http.StatusUnauthorized, "Bad credentials")
	}
	if who.ReadOnly && req.Method != http.MethodGet && req.Path != "/graphql" {
		return integration
	}
	for _, route := range routes {
		part := route.pattern.FindStringSubmatch(req.Method + " " + req.Path)
		if part == nil {
			continue
		}
		if len(part) > 1 && !strings.EqualFold(part[1], s.repository) {
			return notFound
		}
		return route.answer(s, call{r, req, who, part})
	}
	return notFound
}

// number is the number that the path ends in or holds.
func (c call) number() int64 {
	n, _ := strconv.ParseInt(c.part[2], 10, 64)
	return n
}

func (s *Server) user(c call) reply {
	if c.who.NoUser {
		return integration
	}
	return reply{status: http.StatusOK, body: personOf(c.who)}
}

func (s *Server) pull(number int64) *PullRequest {
	for i := range s.pulls {
		if int64(s.pulls[i].Number) == number {
			return &s.pulls[i]
		}
	}
	return nil
}

func (s *Server) comment(id int64) *Comment {
	for i := range s.comments {
		if s.comments[i].ID == id {
			return &s.comments[i]
		}
	}
	return nil
}

func (s *Server) commentsOf(issue int64) []Comment {
	return slices.DeleteFunc(slices.Clone(s.comments), func(c Comment) bool { return c.Issue != issue })
}

func (s *Server) add(issue int64, login, body string) *Comment {
	s.ids++
	if _, ok := s.people[login]; !ok {
		s.people[login] = person{login, 500_000 + s.ids, "User"}
	}
	s.comments = append(s.comments, Comment{ID: s.ids, Issue: issue, Author: login, Body: s.stored(body)})
	return &s.comments[len(s.comments)-1]
}

func (s *Server) stored(body string) string {
	if s.Rewrite != nil {
		return s.Rewrite(body)
	}
	return body
}

func node(id int64) string { return fmt.Sprintf("IC_%d", id) }

func (s *Server) wire(c *Comment) commentWire {
	return commentWire{
		ID: c.ID, NodeID: node(c.ID), Body: c.Body, User: s.people[c.Author],
		HTMLURL: fmt.Sprintf("https://github.com/%s/pull/%d#issuecomment-%d", s.repository, c.Issue, c.ID),
	}
}

func (s *Server) listComments(c call) reply {
	if s.pull(c.number()) == nil {
		return notFound
	}
	var all []commentWire
	for _, one := range s.commentsOf(c.number()) {
		all = append(all, s.wire(&one))
	}
	return page(s, c, all)
}

func (s *Server) createComment(c call) reply {
	p := s.pull(c.number())
	text, bad := s.text(c)
	switch {
	case p == nil:
		return notFound
	case p.Locked:
		return refuse(http.StatusForbidden, "Unable to create comment because issue is locked.")
	case bad != nil:
		return *bad
	}
	return reply{status: http.StatusCreated, body: s.wire(s.add(c.number(), c.who.Login, text))}
}

func (s *Server) getComment(c call) reply {
	one := s.comment(c.number())
	if one == nil {
		return notFound
	}
	return reply{status: http.StatusOK, body: s.wire(one)}
}

func (s *Server) editComment(c call) reply {
	one := s.comment(c.number())
	if one == nil {
		return notFound
	}
	text, bad := s.text(c)
	if bad != nil {
		return *bad
	}
	one.Body = s.stored(text)
	one.Edits++
	return reply{status: http.StatusOK, body: s.wire(one)}
}

func (s *Server) deleteComment(c call) reply {
	if s.comment(c.number()) == nil {
		return notFound
	}
	s.comments = slices.DeleteFunc(s.comments, func(one Comment) bool { return one.ID == c.number() })
	return reply{status: http.StatusNoContent}
}

// text returns the text of a comment that is to be written, or why it cannot be.
func (s *Server) text(c call) (string, *reply) {
	var in struct{ Body string }
	if err := json.Unmarshal([]byte(c.req.Body), &in); err != nil {
		bad := refuse(http.StatusBadRequest, "Problems parsing JSON")
		return "", &bad
	}
	switch {
	case in.Body == "":
		return "", invalid("Body can't be blank")
	case utf8.RuneCountInString(in.Body) > s.MaxBody:
		return "", invalid(fmt.Sprintf("Body is too long (maximum is %d characters)", s.MaxBody))
	}
	return in.Body, nil
}

func invalid(message string) *reply {
	return &reply{status: http.StatusUnprocessableEntity, body: map[string]any{
		"message": "Validation Failed",
		"errors":  []map[string]string{{"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": message}},
	}}
}

// page cuts a list as GitHub does: 30 items unless asked for more, 100 at most.
func page[T any](s *Server, c call, all []T) reply {
	query := c.URL.Query()
	per, _ := strconv.Atoi(query.Get("per_page"))
	if per < 1 {
		per = 30
	}
	per = min(per, 100)
	at, _ := strconv.Atoi(query.Get("page"))
	at = max(at, 1)
	from, to := min((at-1)*per, len(all)), min(at*per, len(all))
	last := max((len(all)+per-1)/per, 1)
	return reply{status: http.StatusOK, body: append([]T{}, all[from:to]...), link: s.links(c, query, at, last)}
}

// links returns the Link header. GitHub names the repository by number in it.
func (s *Server) links(c call, query url.Values, at, last int) string {
	base := s.LinkBase
	if base == "" {
		base = "http://" + c.Host
	}
	path := strings.Replace(c.req.Full, "/repos/"+s.repository, "/repositories/7", 1)
	link := func(page int, rel string) string {
		query.Set("page", strconv.Itoa(page))
		return fmt.Sprintf("<%s%s?%s>; rel=%q", base, path, query.Encode(), rel)
	}
	var parts []string
	if at > 1 {
		parts = append(parts, link(at-1, "prev"), link(1, "first"))
	}
	if at < last {
		parts = append(parts, link(at+1, "next"), link(last, "last"))
	}
	return strings.Join(parts, ", ")
}

func (s *Server) listPulls(c call) reply {
	query := c.URL.Query()
	var all []pullWire
	for _, p := range s.pulls {
		owner, _, _ := strings.Cut(p.HeadRepository, "/")
		head := query.Get("head")
		if (head == "" || head == owner+":"+p.HeadRef) && p.State == orElse(query.Get("state"), "open") {
			all = append(all, s.pullWire(p))
		}
	}
	return page(s, c, all)
}

func (s *Server) pullsOfCommit(c call) reply {
	var all []pullWire
	for _, p := range s.pulls {
		if p.HeadSHA == c.part[2] || p.MergedAs == c.part[2] {
			all = append(all, s.pullWire(p))
		}
	}
	return page(s, c, all)
}

func (s *Server) pullWire(p PullRequest) pullWire {
	w := pullWire{
		Number: p.Number, State: p.State,
		Head: commitWire{p.HeadRef, p.HeadSHA, s.repositoryWire(p.HeadRepository)},
		Base: commitWire{p.BaseRef, p.BaseSHA, s.repositoryWire(s.repository)},
	}
	if p.MergedAs != "" {
		at := "2026-01-02T03:04:05Z"
		w.MergedAt, w.MergedAs = &at, &p.MergedAs
	}
	return w
}

// repositoryWire is nil for one that was deleted. Our own has number 7, the others one by their name.
func (s *Server) repositoryWire(name string) *repositoryWire {
	switch name {
	case "":
		return nil
	case s.repository:
		return &repositoryWire{7, name}
	}
	return &repositoryWire{1000 + int64(crc32.ChecksumIEEE([]byte(name))), name}
}

func (s *Server) ref(c call) reply {
	sha, ok := s.tips[c.part[2]]
	if !ok {
		return notFound
	}
	return reply{status: http.StatusOK, body: map[string]any{
		"ref": "refs/heads/" + c.part[2], "object": map[string]string{"type": "commit", "sha": sha},
	}}
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
