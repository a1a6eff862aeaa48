//! Which hosts a grant means.

use std::net::Ipv6Addr;
use std::str::FromStr;

use reqwest::Url;

use crate::capability::{HttpGrant, HttpHost};

impl FromStr for HttpHost {
    type Err = String;

    /// `api.example.com`, `*.example.com`, `example.com:8443`, `http://localhost:8080`, `[::1]:80`. Without a scheme it is
    /// `https`, without a port the scheme's own.
    fn from_str(text: &str) -> Result<Self, String> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
            None => ("https".to_owned(), text),
        };
        let usual = match &*scheme {
            "https" => 443,
            "http" => 80,
            _ => return Err(format!("`{text}`: `{scheme}` is neither `https` nor `http`")),
        };
        if rest.contains(['/', '?', '#', '@', '\\']) {
            return Err(format!("`{text}`: a host has no path and no user; write `example.com` or `example.com:8443`"));
        }
        if !rest.is_ascii() {
            return Err(format!(
                "`{text}`: write a name of other letters in its ASCII form, as in `xn--mller-kva.example`"
            ));
        }
        let (name, port) = match (rest.strip_prefix('['), rest.rsplit_once(':')) {
            (Some(_), _) => bracketed(rest).ok_or_else(|| format!("`{text}`: no IPv6 address in brackets"))?,
            (None, Some((name, port))) => (name.to_owned(), Some(port)),
            (None, None) => (rest.to_owned(), None),
        };
        let port = match port.map(str::parse) {
            None => usual,
            Some(Ok(port)) if port > 0 => port,
            Some(_) => return Err(format!("`{text}`: the port is a number from 1 to 65535")),
        };
        let name = plain(&name);
        if rest.starts_with('[') || is_name(name.strip_prefix("*.").unwrap_or(&name)) {
            return Ok(Self { scheme, name, port });
        }
        Err(format!("`{text}` is no host; `*.` in front stands for all below it"))
    }
}

/// The address in `[…]`, and the port behind it.
fn bracketed(text: &str) -> Option<(String, Option<&str>)> {
    let (address, behind) = text.strip_prefix('[')?.split_once(']')?;
    let address: Ipv6Addr = address.parse().ok()?;
    let port = if behind.is_empty() { None } else { Some(behind.strip_prefix(':')?) };
    Some((address.to_string(), port))
}

fn is_name(name: &str) -> bool {
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    name.len() <= 253 && name.split('.').all(is_label)
}

/// A name as grants have it: in lower case, without the dot that ends it; an address as there is one way to write it.
fn plain(name: &str) -> String {
    let name = name.strip_suffix('.').unwrap_or(name);
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    address.parse::<Ipv6Addr>().map_or_else(|_| name.to_ascii_lowercase(), |address| address.to_string())
}

/// The host of a URL, as grants have it.
pub(super) fn host(url: &Url) -> String {
    plain(url.host_str().unwrap_or_default())
}

impl HttpHost {
    fn is_of(&self, url: &Url) -> bool {
        let host = host(url);
        let is_named = match self.name.strip_prefix('*') {
            Some(end) => host.len() > end.len() && host.ends_with(end),
            None => host == self.name,
        };
        is_named && self.scheme == url.scheme() && Some(self.port) == url.port_or_known_default()
    }
}

/// The first grant that allows it.
pub(super) fn granted<'a>(grants: &'a [HttpGrant], method: &str, url: &Url) -> Option<&'a HttpGrant> {
    grants.iter().find(|grant| {
        grant.methods.iter().any(|granted| granted == method) && grant.hosts.iter().any(|host| host.is_of(url))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(String, String, u16), String> {
        text.parse().map(|HttpHost { scheme, name, port }| (scheme, name, port))
    }

    #[test]
    fn hosts_are_written_as_people_write_them() {
        let is = |scheme: &str, name: &str, port| Ok((scheme.to_owned(), name.to_owned(), port));
        assert_eq!(parse("api.example.com"), is("https", "api.example.com", 443));
        assert_eq!(parse("API.Example.com."), is("https", "api.example.com", 443));
        assert_eq!(parse("*.example.com"), is("https", "*.example.com", 443));
        assert_eq!(parse("example.com:8443"), is("https", "example.com", 8443));
        assert_eq!(parse("http://localhost:8080"), is("http", "localhost", 8080));
        assert_eq!(parse("HTTP://localhost"), is("http", "localhost", 80));
        assert_eq!(parse("[::1]:80"), is("https", "::1", 80));
        assert_eq!(parse("http://[0:0::1]"), is("http", "::1", 80));
        assert_eq!(parse("127.0.0.1:1"), is("https", "127.0.0.1", 1));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "",
            "*",
            "*.",
            "*example.com",
            "a.*.com",
            "a..b",
            "ftp://a.com",
            "a.com/",
            "a.com/x",
            "me@a.com",
            "a.com:0",
            "a.com:65536",
            "a.com:",
            "a.com:x",
            "::1",
            "[::1",
            "[::1]80",
            "[a.com]",
            "a b.com",
            "http://",
            "a.com?x",
        ] {
            assert!(parse(text).is_err(), "{text}: {:?}", parse(text));
        }
        assert!(parse("müller.example").is_err_and(|why| why.contains("xn--")));
    }

    #[test]
    fn a_host_is_itself_at_its_port_by_its_scheme() {
        for (host, url, is_of) in [
            ("example.com", "https://example.com/x", true),
            ("example.com", "https://EXAMPLE.com./x", true),
            ("example.com", "https://example.com:443", true),
            ("example.com", "https://example.com:444", false),
            ("example.com", "http://example.com:443", false),
            ("example.com", "https://a.example.com", false),
            ("example.com", "https://example.com.evil.org", false),
            ("*.example.com", "https://a.b.example.com", true),
            ("*.example.com", "https://example.com", false),
            ("*.example.com", "https://badexample.com", false),
            ("*.example.com", "https://.example.com", false),
            ("http://127.0.0.1", "http://0x7f.1/", true),
            ("http://[::1]", "http://[0::1]/", true),
        ] {
            let parsed: HttpHost = host.parse().expect(host);
            assert_eq!(Url::parse(url).is_ok_and(|url| parsed.is_of(&url)), is_of, "{host} {url}");
        }
    }
}
