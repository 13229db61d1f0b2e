// Package githubtest is a small GitHub for tests: the comments of pull requests, the pull requests of
// a commit or a branch, the tip of a branch, and the two GraphQL questions that package github asks.
//
// Invariants: it answers as GitHub's REST API does, in pages of at most 100 with Link headers, with
// the same status and words for what is missing, locked, too long or not allowed. Every request is
// logged before it is answered, and nothing is answered that was not asked with a known token.
//
// The package must not import package github, whose mistakes it would then repeat: it has its own
// wire types. It must not be reached from another machine: Start listens on loopback.
package githubtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"
)

// Token is the token of the account that New makes, and Login and ID are its name and number, those of
// a workflow's own token.
const (
	Token = "ghs_0123456789abcdefghijABCDEFGHIJ012345"
	Login = "github-actions[bot]"
	ID    = 41898282
)

// Account is who a token is and what it may do.
type Account struct {
	Login string
	ID    int64
	Bot   bool
	// ReadOnly refuses every write, as for a pull request from a fork.
	ReadOnly bool
	// NoViewer refuses to say over GraphQL whose token it is, NoUser over REST.
	NoViewer, NoUser bool
	// NoMinimize refuses to fold comments.
	NoMinimize bool
	// GraphQLLogin is what GraphQL calls the account, where that differs; NoDatabaseID leaves out the
	// number there.
	GraphQLLogin string
	NoDatabaseID bool
}

// Comment is a comment on a pull request.
type Comment struct {
	ID, Issue int64
	Author    string
	Body      string
	Minimized string // the reason, or "" if it is shown
	Edits     int
}

// PullRequest is one that can be found by its branch or its commit.
type PullRequest struct {
	Number           int
	State            string // "open" or "closed"
	HeadRepository   string // "ana/access"; "" if it was deleted
	HeadRef, HeadSHA string
	BaseRef, BaseSHA string
	MergedAs         string // the commit that the merge made, or ""
	Locked           bool
}

// Request is one that was made.
type Request struct {
	Method string
	// Path is without the prefix of a GitHub Enterprise Server, "/api/v3".
	Path, Query, Body string
	Token, UserAgent  string
	// Full is the path as it was asked for.
	Full string
}

// Server is the repository. Its methods may be called while it serves.
type Server struct {
	// MaxBody is how many characters a comment may have.
	MaxBody int
	// LinkBase replaces scheme and host in the links to other pages.
	LinkBase string
	// Rewrite changes a comment's text before it is stored; nil stores it as it is.
	Rewrite func(string) string

	mu         sync.Mutex
	repository string
	accounts   map[string]Account
	people     map[string]person // by login
	comments   []Comment
	pulls      []PullRequest
	tips       map[string]string
	ids        int64
	log        []Request
	hooks      map[int]func()
	faults     []*Fault
}

// New returns the server of a repository ("acme/access") with one account, Login, and no pull request.
func New(repository string) *Server {
	s := &Server{
		MaxBody: 65536, repository: repository, accounts: map[string]Account{}, people: map[string]person{},
		tips: map[string]string{}, ids: 1000, hooks: map[int]func(){},
	}
	s.AddAccount(Token, Account{Login: Login, ID: ID, Bot: true, NoUser: true})
	return s
}

// Start serves on a loopback port until stop is called, and returns the address of the REST API.
// GraphQL is at the same address with "/graphql" appended.
func (s *Server) Start() (url string, stop func()) {
	server := httptest.NewServer(s)
	return server.URL, server.Close
}

// AddAccount makes a token known.
func (s *Server) AddAccount(token string, a Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts[token] = a
	s.people[a.Login] = personOf(a)
}

// AddPullRequest makes a pull request, or replaces the one with its number.
func (s *Server) AddPullRequest(p PullRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pulls = slices.DeleteFunc(s.pulls, func(old PullRequest) bool { return old.Number == p.Number })
	s.pulls = append(s.pulls, p)
}

// SetTip sets the commit that a branch is at.
func (s *Server) SetTip(branch, sha string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tips[branch] = sha
}

// AddComment writes a comment as somebody and returns its number. A login that is not an account's is
// a person.
func (s *Server) AddComment(issue int64, login, body string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(issue, login, body).ID
}

// EditComment changes a comment, as people with write access can.
func (s *Server) EditComment(id int64, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.comment(id); c != nil {
		c.Body = body
	}
}

// MinimizeComment folds a comment, as people can, or shows it again (reason "").
func (s *Server) MinimizeComment(id int64, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.comment(id); c != nil {
		c.Minimized = reason
	}
}

// DeleteComment removes a comment.
func (s *Server) DeleteComment(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.comments = slices.DeleteFunc(s.comments, func(c Comment) bool { return c.ID == id })
}

// Comments returns the comments of a pull request, oldest first.
func (s *Server) Comments(issue int64) []Comment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.commentsOf(issue)
}

// Requests returns what was asked so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// Count returns how many requests began with prefix, as "PATCH /repos/".
func (s *Server) Count(prefix string) int {
	n := 0
	for _, r := range s.Requests() {
		if strings.HasPrefix(r.Method+" "+r.Path, prefix) {
			n++
		}
	}
	return n
}

// Before runs hook before request number n from 1 is answered. The hook may use the server, also
// through a client: that is how the steps of two runs are put in a certain order.
func (s *Server) Before(n int, hook func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks[n] = hook
}

// ServeHTTP answers one request, also one that a client made and no network carried.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	if err != nil {
		return // the client went away
	}
	req := Request{
		Method: r.Method, Path: withoutPrefix(r.URL.Path), Full: r.URL.Path, Query: r.URL.RawQuery, Body: string(body),
		Token: bearer(r.Header.Get("Authorization")), UserAgent: r.UserAgent(),
	}
	hook, fault := s.enter(req)
	if hook != nil {
		hook()
	}
	if fault == nil {
		s.answer(r, req).write(w)
		return
	}
	if fault.Done {
		s.answer(r, req)
	}
	fault.write(w, r)
}

// enter logs the request and takes what was planned for it.
func (s *Server) enter(req Request) (func(), *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, req)
	hook := s.hooks[len(s.log)]
	delete(s.hooks, len(s.log))
	for _, f := range s.faults {
		if f.takes(req) {
			return hook, f
		}
	}
	return hook, nil
}

func withoutPrefix(path string) string {
	if path == "/api/graphql" {
		return "/graphql"
	}
	return strings.TrimPrefix(path, "/api/v3")
}

func bearer(header string) string {
	_, token, _ := strings.Cut(header, " ")
	return token
}

// Fault is an answer that replaces the usual one.
type Fault struct {
	// Match is how the requests begin that it is for, as "POST /graphql"; "" means all.
	Match string
	// Skip lets that many of them pass first; Times is how many it then answers, 0 for all.
	Skip, Times int
	// Done does what was asked before the answer is lost.
	Done bool
	// Delay comes before the answer. The connection may be closed meanwhile.
	Delay time.Duration
	// Drop closes the connection without an answer; Cut in the middle of one.
	Drop, Cut bool
	Status    int
	Header    map[string]string
	Body      string

	seen int
}

// Plan adds a fault. The first that was added comes first.
func (s *Server) Plan(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

func (f *Fault) takes(r Request) bool {
	if !strings.HasPrefix(r.Method+" "+r.Path, f.Match) {
		return false
	}
	f.seen++
	return f.seen > f.Skip && (f.Times == 0 || f.seen <= f.Skip+f.Times)
}

func (f *Fault) write(w http.ResponseWriter, r *http.Request) {
	if f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-r.Context().Done():
		}
	}
	if f.Drop {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	for name, value := range f.Header {
		w.Header().Set(name, value)
	}
	if f.Cut {
		w.Header().Set("Content-Length", "1000000")
	}
	w.WriteHeader(f.Status)
	_, _ = io.WriteString(w, f.Body)
}
