package github

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/google/go-github/v60/github"
)

// account is who writes with our token. The number is the surer sign: logins can be changed, and the
// one of an app is written with "[bot]" behind it in some answers and without in others.
type account struct {
	login string
	id    int64
	// asked is set if the login is GitHub's answer. One that the caller gave is compared as it is.
	asked bool
}

func (a account) known() bool { return a.login != "" }

// wrote reports whether the user is this account.
func (a account) wrote(u *github.User) bool {
	login := u.GetLogin()
	switch {
	case !a.known() || login == "":
		return false
	case a.id != 0 && u.GetID() != 0:
		return a.id == u.GetID()
	case strings.EqualFold(a.login, login):
		return true
	}
	return a.asked && u.GetType() == "Bot" && strings.EqualFold(a.login+"[bot]", login)
}

// whoami finds out who the token is, once for a client. Every token may ask GraphQL for its viewer;
// REST answers this question only to people.
func (s *session) whoami(ctx context.Context) error {
	if s.self.known() {
		return nil
	}
	var viewer struct {
		Viewer struct {
			Login      string `json:"login"`
			DatabaseID int64  `json:"databaseId"`
		} `json:"viewer"`
	}
	err := s.query(ctx, "query { viewer { login databaseId } }", nil, &viewer)
	if err == nil && viewer.Viewer.Login != "" {
		s.self = account{login: viewer.Viewer.Login, id: viewer.Viewer.DatabaseID, asked: true}
		return nil
	}
	if !refused(err) {
		return err
	}
	return s.read(ctx, func() error {
		user, reply, err := s.rest.Users.Get(ctx, "")
		if err != nil {
			return err
		}
		if user.GetLogin() == "" {
			return odd(reply, "the answer holds no login")
		}
		s.self = account{login: user.GetLogin(), id: user.GetID(), asked: true}
		return nil
	})
}

// refused reports whether there is no way to this answer, so that another way may be tried.
func refused(err error) bool {
	if err == nil {
		return true // an answer without a login
	}
	_, denied := errors.AsType[*DeniedError](err)
	_, gone := errors.AsType[*GoneError](err)
	_, odd := errors.AsType[*AnswerError](err)
	_, rejected := errors.AsType[*RejectedError](err)
	return denied || gone || odd || rejected
}

// graphqlError is one of the errors in a GraphQL answer; Path begins with the name of the field.
type graphqlError struct {
	Type    string `json:"type"`
	Message string `json:"message"`
	Path    []any  `json:"path"`
}

// field returns the name of the field that failed, or "".
func (e graphqlError) field() string {
	if len(e.Path) == 0 {
		return ""
	}
	name, _ := e.Path[0].(string)
	return name
}

// query asks GraphQL for something that may be asked any number of times, and fails if any part of
// it failed.
func (s *session) query(ctx context.Context, text string, variables map[string]any, into any) error {
	errs, err := s.graphqlCall(ctx, text, variables, into)
	if err == nil && len(errs) > 0 {
		err = s.graphqlFailure(errs[0])
	}
	return err
}

// graphqlCall sends a GraphQL request and returns the errors in its answer. Our only mutation hides a
// comment, which may be repeated like a question.
func (s *session) graphqlCall(ctx context.Context, text string, variables map[string]any, into any) ([]graphqlError, error) {
	var answer struct {
		Data   json.RawMessage `json:"data"`
		Errors []graphqlError  `json:"errors"`
	}
	err := s.read(ctx, func() error {
		answer.Data, answer.Errors = nil, nil
		req, err := s.rest.NewRequest(http.MethodPost, s.graphql, map[string]any{"query": text, "variables": variables})
		if err == nil {
			_, err = s.rest.Do(ctx, req, &answer)
		}
		if err != nil {
			return err
		}
		for _, e := range answer.Errors {
			if strings.HasPrefix(e.Type, "RATE_LIMIT") {
				return s.graphqlFailure(e)
			}
		}
		return nil
	})
	if err != nil || len(answer.Data) == 0 {
		return answer.Errors, err
	}
	if err := json.Unmarshal(answer.Data, into); err != nil {
		return nil, &AnswerError{s.graphqlCallOf(http.StatusOK, err.Error())}
	}
	return answer.Errors, nil
}

func (s *session) graphqlCallOf(status int, message string) Call {
	return Call{Method: http.MethodPost, URL: s.graphql, Status: status, Message: s.clean(message)}
}

// graphqlFailure is the typed error that an error in a GraphQL answer stands for. GraphQL says 200
// to everything; the status is the one that REST would give.
func (s *session) graphqlFailure(e graphqlError) error {
	switch {
	case strings.HasPrefix(e.Type, "RATE_LIMIT"):
		wait, until := demand(nil, s.now())
		return &LimitedError{Call: s.graphqlCallOf(http.StatusTooManyRequests, e.Message), Until: until, wait: wait}
	case e.Type == "NOT_FOUND":
		return &GoneError{s.graphqlCallOf(http.StatusNotFound, e.Message)}
	case e.Type == "FORBIDDEN", e.Type == "INSUFFICIENT_SCOPES", strings.Contains(e.Message, "not accessible"):
		return &DeniedError{s.graphqlCallOf(http.StatusForbidden, e.Message)}
	}
	return &RejectedError{Call: s.graphqlCallOf(http.StatusOK, e.Message)}
}
