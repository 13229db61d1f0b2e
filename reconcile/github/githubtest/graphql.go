package githubtest

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
)

type graphqlError struct {
	Type    string `json:"type"`
	Message string `json:"message"`
	Path    []any  `json:"path"`
}

// graphqlReply is what GraphQL says: 200, with what failed beside what did not.
func graphqlReply(data map[string]any, errs []graphqlError) reply {
	body := map[string]any{"data": data}
	if len(errs) > 0 {
		body["errors"] = errs
	}
	return reply{status: http.StatusOK, body: body}
}

// graphql knows the three requests that package github makes, by what is in them.
func (s *Server) graphql(c call) reply {
	var in struct {
		Query     string
		Variables map[string]any
	}
	if err := json.Unmarshal([]byte(c.req.Body), &in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	switch {
	case strings.Contains(in.Query, "viewer"):
		return viewer(c.who)
	case strings.Contains(in.Query, "nodes(ids: $ids)"):
		return s.nodes(in.Variables["ids"])
	case strings.HasPrefix(in.Query, "mutation"):
		return s.minimize(c.who, in.Query, in.Variables)
	}
	return graphqlReply(nil, []graphqlError{{Type: "undefinedField", Message: "this question is not known here"}})
}

func viewer(who Account) reply {
	if who.NoViewer {
		return graphqlReply(nil, []graphqlError{{"FORBIDDEN", "Resource not accessible by integration", []any{"viewer"}}})
	}
	v := map[string]any{"login": orElse(who.GraphQLLogin, who.Login), "databaseId": who.ID}
	if who.NoDatabaseID {
		v["databaseId"] = nil
	}
	return graphqlReply(map[string]any{"viewer": v}, nil)
}

func (s *Server) nodes(ids any) reply {
	var out []any
	list, _ := ids.([]any)
	for _, id := range list {
		if c := s.byNode(id); c != nil {
			out = append(out, map[string]any{"id": id, "isMinimized": c.Minimized != ""})
		} else {
			out = append(out, nil)
		}
	}
	return graphqlReply(map[string]any{"nodes": out}, nil)
}

func (s *Server) byNode(id any) *Comment {
	for i := range s.comments {
		if node(s.comments[i].ID) == id {
			return &s.comments[i]
		}
	}
	return nil
}

var minimizeField = regexp.MustCompile(`(\w+): minimizeComment\(input: \{subjectId: \$(\w+), classifier: \$(\w+)\}\)`)

func (s *Server) minimize(who Account, query string, variables map[string]any) reply {
	data := map[string]any{}
	var errs []graphqlError
	for _, m := range minimizeField.FindAllStringSubmatch(query, -1) {
		c := s.byNode(variables[m[2]])
		data[m[1]] = nil
		switch {
		case who.NoMinimize || who.ReadOnly:
			errs = append(errs, graphqlError{"FORBIDDEN", "Resource not accessible by integration", []any{m[1]}})
		case c == nil:
			errs = append(errs, graphqlError{"NOT_FOUND", "Could not resolve to a node with the global id", []any{m[1]}})
		default:
			c.Minimized, _ = variables[m[3]].(string)
			data[m[1]] = map[string]any{"clientMutationId": nil}
		}
	}
	return graphqlReply(data, errs)
}
