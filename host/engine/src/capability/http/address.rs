//! Which addresses are of the public internet. A name says nothing of where it leads, so this is asked when it is dialled.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// An address that is not dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused(pub(super) IpAddr);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is of this machine or a private network, which needs `private: true`", self.0)
    }
}

impl std::error::Error for Refused {}

/// Whether anybody on the internet could have the address.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        // "This network", shared by carriers (RFC 6598), protocol assignments, relays of 6to4, benchmarks, reserved.
        || a == 0
        || (a == 100 && b & 0xc0 == 64)
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99)
        || (a == 198 && b & 0xfe == 18)
        || a >= 240;
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // What carries an IPv4 address is as public as that.
    if let Some(inner) = inner_v4(segments) {
        return inner.into_iter().all(is_public_v4);
    }
    // All that is given out (2000::/3), but for documentation (2001:db8::/32, 3fff::/20) and protocols (2001::/23).
    let [first, second, ..] = segments;
    first & 0xe000 == 0x2000
        && !(first == 0x2001 && (second == 0x0db8 || second < 0x0200))
        && !(first == 0x3fff && second < 0x1000)
}

/// The IPv4 addresses that an IPv6 address may stand for.
fn inner_v4(segments: [u16; 8]) -> Option<Vec<Ipv4Addr>> {
    let at = |at: usize| v4(segments[at], segments[at + 1]);
    match segments {
        // Mapped (::ffff:0:0/96), translated (::ffff:0:0:0/96), compatible (::/96).
        [0, 0, 0, 0, 0, 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0, 0, 0, 0, 0, 0, ..] => Some(vec![at(6)]),
        // NAT64, for everybody and for one's own network: the latter is private as such.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(vec![at(6)]),
        [0x64, 0xff9b, ..] => Some(vec![Ipv4Addr::UNSPECIFIED]),
        // 6to4, and Teredo with its server and, turned over, its client.
        [0x2002, ..] => Some(vec![at(1)]),
        [0x2001, 0, ..] => Some(vec![at(2), v4(!segments[6], !segments[7])]),
        // ISATAP: the last half says so.
        [.., 0 | 0x200, 0x5efe, _, _] => Some(vec![at(6)]),
        _ => None,
    }
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))
}

/// Resolves names to public addresses only.
pub(super) struct Public<R>(pub(super) Arc<R>);

impl<R: Resolve + 'static> Resolve for Public<R> {
    fn resolve(&self, name: Name) -> Resolving {
        let inner = self.0.clone();
        Box::pin(async move {
            let (public, others): (Vec<SocketAddr>, Vec<SocketAddr>) =
                inner.resolve(name).await?.partition(|address| is_public(address.ip()));
            match (public.is_empty(), others.first()) {
                (true, Some(other)) => Err(Refused(other.ip()).into()),
                _ => Ok(Box::new(public.into_iter()) as Addrs),
            }
        })
    }
}

/// The machine's own resolver.
pub(super) struct System;

impl Resolve for System {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn what_is_not_of_the_internet_is_not_public() {
        for text in [
            "127.0.0.1",
            "127.255.255.254",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "239.255.255.255",
            "255.255.255.255",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.1",
            "198.18.0.1",
            "198.19.255.255",
            "192.0.0.8",
            "240.0.0.1",
            "192.88.99.1",
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "2001:db8::1",
            "3fff::1",
            "2001:2::1",
            "100::1",
            "5f00::1",
            // IPv4 in disguise: mapped, compatible, translated, 6to4, NAT64, Teredo (its client is 127.0.0.1), ISATAP.
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "::ffff:0:127.0.0.1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::808:808",
            "2001:0:808:808::80ff:fffe",
            "2001:0:7f00:1::f7f7:f7f7",
            "2606:4700::5efe:7f00:1",
            "2606:4700::200:5efe:a00:1",
        ] {
            assert!(!is_public(text.parse().expect(text)), "{text}");
        }
    }

    #[test]
    fn what_is_of_the_internet_is_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.255.255",
            "172.32.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "192.0.1.1",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
            "2001:4860:4860::8888",
        ] {
            assert!(is_public(text.parse().expect(text)), "{text}");
        }
    }

    /// Answers differently each time, as who rebinds a name does.
    struct Rebinding(AtomicUsize, Vec<Vec<&'static str>>);

    impl Resolve for Rebinding {
        fn resolve(&self, _: Name) -> Resolving {
            let asked = self.0.fetch_add(1, Ordering::Relaxed);
            let addresses: Vec<SocketAddr> =
                self.1[asked].iter().map(|address| SocketAddr::new(address.parse().expect("an address"), 0)).collect();
            Box::pin(async move { Ok(Box::new(addresses.into_iter()) as Addrs) })
        }
    }

    #[test]
    fn a_name_is_looked_at_each_time_that_it_is_dialled() {
        let answers = vec![vec!["8.8.8.8"], vec!["127.0.0.1"], vec!["::1", "1.1.1.1", "10.0.0.1"], vec![]];
        let public = Public(Arc::new(Rebinding(AtomicUsize::new(0), answers)));
        let ask = || {
            let name: Name = "rebound.example".parse().expect("a name");
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
            runtime.block_on(public.resolve(name)).map(|found| found.map(|a| a.ip().to_string()).collect::<Vec<_>>())
        };
        assert_eq!(ask().expect("public"), ["8.8.8.8"]);
        let refused = ask().expect_err("its second answer is this machine");
        assert_eq!(refused.downcast_ref::<Refused>(), Some(&Refused(Ipv4Addr::LOCALHOST.into())));
        assert_eq!(ask().expect("one is public"), ["1.1.1.1"], "the others are left out");
        assert!(ask().expect("none at all").is_empty());
    }
}
