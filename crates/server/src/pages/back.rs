/// A way back to a client that was named and checked; never made from what an unauthenticated caller sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Back<'a> {
    /// The client's name.
    pub(crate) name: &'a str,
    /// A registered address of that client.
    pub(crate) href: &'a str,
}

#[cfg(test)]
impl Back<'static> {
    pub(crate) fn sample() -> Self {
        Self {
            name: "Orders",
            href: "https://orders.example.com/",
        }
    }

    pub(crate) fn hostile_sample() -> Self {
        Self {
            name: super::HOSTILE,
            href: "https://orders.example.com/?a=1&b=\"'><script>",
        }
    }
}
