//! The blocking twin of a client.

mod client;
mod constant;
mod conversions;
mod docs;
mod future;
mod generated;
mod held;
mod method;
mod outcome;
mod receiver;
mod visibility;

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Attribute, Error, Expr, Ident, ImplItemConst, ItemImpl, Result, Visibility};

use crate::options::{Derives, Options};
use crate::{attributes, valid};

pub(crate) use docs::of_client as docs_of_client;
pub(crate) use method::Method;

use client::Client;
use conversions::Conversions;
use held::Held;

/// The blocking twin of a client: a struct around the client, with a method for each of its visible methods.
pub(crate) struct Twin {
    client: Client,
    name: Ident,
    /// The visibility that the options give.
    said_vis: Option<Visibility>,
    /// The visibility of the most visible member.
    vis: Visibility,
    /// The attributes of the block.
    attrs: Vec<Attribute>,
    derives: Derives,
    /// Whether another block makes the struct.
    extends: bool,
    /// Whether its methods return errors where they cannot wait.
    is_fallible: bool,
    members: TokenStream,
    /// The bridge of the block's calls.
    bridge: Option<Expr>,
    /// The names of all arguments.
    arguments: HashSet<String>,
    /// The word `blocking` in the options, which errors point at.
    word: Ident,
}

impl Twin {
    /// Makes the twin that the options ask for, without members at first.
    pub(crate) fn of(block: Option<ItemImpl>, options: &Options) -> Result<Option<Twin>> {
        let (Some(block), Some((word, named))) = (block, &options.blocking) else {
            return Ok(None);
        };
        let span = Span::mixed_site().located_at(word.span());
        let client = client::name_of(&block.self_ty)
            .ok_or_else(|| valid::no_twin_of_type(&block.self_ty, word))?;
        let default = client::default_twin(client);
        Ok(Some(Twin {
            name: generated::name(named.as_ref().map_or(&default, |named| &named.name), span),
            said_vis: named.as_ref().and_then(|named| named.vis.clone()),
            vis: Visibility::Inherited,
            attrs: block.attrs.clone(),
            client: Client::of(block, options, span),
            derives: options.derive.clone().map(|(_, derives)| derives).unwrap_or_default(),
            extends: options.extend.is_some(),
            is_fallible: options.fallible.is_some(),
            members: TokenStream::new(),
            bridge: options.bridge.as_ref().map(|(_, bridge)| bridge.clone()),
            arguments: HashSet::new(),
            word: word.clone(),
        }))
    }

    /// Adds the twin of a method. If the method is `refused`, its twin is only a signature, so that callers get no
    /// second error.
    pub(crate) fn add_method(&mut self, method: Method, refused: bool) -> Option<Error> {
        self.show(&method.vis);
        self.arguments.extend(held::arguments(&method.sig));
        let (expanded, error) = method.expand(&self.client, refused);
        self.members.extend(expanded);
        error
    }

    /// Adds the twin of a constant, unless it is private.
    pub(crate) fn add_constant(&mut self, constant: &ImplItemConst) -> Option<Error> {
        if visibility::is_private(&constant.vis) {
            return None;
        }
        self.show(&constant.vis);
        match constant::expand(constant, &self.client) {
            Ok(expanded) => self.members.extend(expanded),
            Err(error) => return Some(error),
        }
        None
    }

    /// Returns the twin, and an error if it has no members. `inner` are the inner attributes of the client's
    /// block.
    ///
    /// Input:
    ///
    /// ```text
    /// #[smartasync(blocking)]
    /// impl<T: Load> Client<T> { MEMBERS }
    /// ```
    ///
    /// Output:
    ///
    /// ```text
    /// pub struct BlockingClient<T: Load>(HELD);
    /// CONVERSIONS
    /// impl<T: Load> BlockingClient<T> { MEMBERS }
    /// ```
    pub(crate) fn finish(mut self, inner: &[Attribute]) -> (TokenStream, Option<Error>) {
        self.attrs.extend_from_slice(inner);
        self.attrs = attributes::for_twin(&self.attrs);
        let error = self.members.is_empty().then(|| valid::nothing_for_the_twin(&self.word));
        let definition = (!self.extends).then(|| self.definition());
        let block = self.block();
        (quote!(#definition #block), error)
    }
}

impl Twin {
    /// Makes the twin at least as visible as `member`.
    fn show(&mut self, member: &Visibility) {
        if visibility::rank(member) > visibility::rank(&self.vis) {
            self.vis = member.clone();
        }
    }

    fn definition(&self) -> TokenStream {
        let Twin { name, client, derives, .. } = self;
        let Client { krate, span, .. } = client;
        let docs = docs::of_struct(client, self.is_fallible);
        let attrs = self.attrs.iter().filter(|attr| !attr.path().is_ident("doc"));
        let attrs: Vec<_> = attrs.cloned().collect();
        let derive = (!derives.is_empty())
            .then(|| quote_spanned!(*span=> #[#krate::__private::derive(#derives)]));
        let vis = generated::visibility(self.said_vis.as_ref().unwrap_or(&self.vis), *span);
        let generics = client.generics_of_struct();
        let condition = &generics.where_clause;
        let conversions = Conversions {
            client,
            name,
            twin: client.twin(name, false),
            attrs: &self.attrs,
            derives,
        };
        let conversions = conversions.expand();
        let bridge = self.bridge.as_ref();
        let bridge =
            bridge.and_then(|bridge| held::outside_of_methods(bridge, client, &self.arguments));
        let Held { ty, bridge } = Held::of(client, name, bridge.as_ref(), &attrs, derives);
        quote_spanned! {*span=>
            #(#attrs)*
            #docs
            #derive
            #vis struct #name #generics (#ty) #condition;
            #bridge
            #conversions
        }
    }

    fn block(&self) -> TokenStream {
        let Twin { name, members, client, attrs, .. } = self;
        let (parameters, _, condition) = client.generics.split_for_impl();
        let (twin, allowed) = (client.twin(name, self.extends), client.allowed());
        quote_spanned! {client.span=>
            #(#attrs)*
            #allowed
            #[cfg_attr(clippy, allow(clippy::used_underscore_binding))]
            // The docs may link to private members, which have no twins.
            #[cfg_attr(doc, allow(rustdoc::broken_intra_doc_links))]
            impl #parameters #twin #condition { #members }
        }
    }
}
