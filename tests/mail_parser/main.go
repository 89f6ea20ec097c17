// A message on standard input, as Go's standard library reads it, on standard output as JSON.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"os"
	"strings"
)

type part struct {
	Type        string  `json:"type"`
	Charset     string  `json:"charset"`
	Name        string  `json:"name"`
	Disposition string  `json:"disposition"`
	ContentID   string  `json:"cid"`
	Content     []byte  `json:"content"` // base64
	Parts       []*part `json:"parts"`
}

type address struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

type message struct {
	Headers   map[string]string    `json:"headers"`
	Addresses map[string][]address `json:"addresses"`
	Body      *part                `json:"body"`
}

var words = new(mime.WordDecoder)

func main() {
	log.SetFlags(0)
	read, err := mail.ReadMessage(os.Stdin)
	must(err)
	parsed := message{Headers: map[string]string{}, Addresses: map[string][]address{}}
	for name, values := range read.Header {
		if len(values) > 1 {
			log.Fatalf("%s stands there %d times", name, len(values))
		}
		decoded, err := words.DecodeHeader(values[0])
		must(err)
		parsed.Headers[strings.ToLower(name)] = decoded
	}
	for _, name := range []string{"from", "to", "cc", "bcc", "disposition-notification-to"} {
		list, err := read.Header.AddressList(name)
		if err == mail.ErrHeaderNotPresent {
			continue
		}
		must(err)
		for _, each := range list {
			parsed.Addresses[name] = append(parsed.Addresses[name], address{each.Name, each.Address})
		}
	}
	parsed.Body = body(textproto.MIMEHeader(read.Header), read.Body)
	must(json.NewEncoder(os.Stdout).Encode(parsed))
}

func body(header textproto.MIMEHeader, content io.Reader) *part {
	kind, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	must(err)
	found := &part{Type: kind, Charset: strings.ToLower(parameters["charset"]), Parts: []*part{}}
	if strings.HasPrefix(kind, "multipart/") {
		reader := multipart.NewReader(content, parameters["boundary"])
		for {
			next, err := reader.NextRawPart()
			if err == io.EOF {
				return found
			}
			must(err)
			found.Parts = append(found.Parts, body(next.Header, next))
		}
	}
	name := parameters["name"]
	if said := header.Get("Content-Disposition"); said != "" {
		disposition, parameters, err := mime.ParseMediaType(said)
		must(err)
		found.Disposition = disposition
		if parameters["filename"] != "" {
			name = parameters["filename"]
		}
	}
	found.Name, err = words.DecodeHeader(name)
	must(err)
	found.ContentID = strings.Trim(header.Get("Content-Id"), "<> ")
	found.Content, err = io.ReadAll(decoded(strings.ToLower(header.Get("Content-Transfer-Encoding")), content))
	must(err)
	return found
}

func decoded(encoding string, content io.Reader) io.Reader {
	switch encoding {
	case "base64":
		octets, err := io.ReadAll(content)
		must(err)
		lines := bytes.ReplaceAll(bytes.ReplaceAll(octets, []byte("\r"), nil), []byte("\n"), nil)
		return base64.NewDecoder(base64.StdEncoding, bytes.NewReader(lines))
	case "quoted-printable":
		return quotedprintable.NewReader(content)
	case "", "7bit", "8bit", "binary":
		return content
	}
	log.Fatalf("unknown transfer encoding %s", encoding)
	return nil
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
