mod client;
mod constant;
mod conversions;
mod docs;
mod method;
mod outcome;
mod visibility;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Attribute, Error, Ident, ItemImpl, Result, Visibility};

use crate::options::{Derives, Options};
use crate::{attributes, valid};

pub(crate) use client::path_of;
pub(crate) use method::Method;

use client::Client;

/// The blocking twin of a client: a struct around it that has a method for each visible one.
pub(crate) struct Twin {
    client: Client,
    name: Ident,
    /// Where the user says how visible the twin is.
    said_vis: Option<Visibility>,
    /// That of the most visible member.
    vis: Visibility,
    /// Those of the block.
    attrs: Vec<Attribute>,
    derives: Derives,
    /// Whether another block makes the struct.
    extends: bool,
    members: TokenStream,
    /// The word that asks for the twin.
    word: Ident,
}

impl Twin {
    /// The twin that is asked for, still without members.
    pub(crate) fn of(block: Option<ItemImpl>, options: &Options) -> Result<Option<Twin>> {
        let (Some(block), Some((word, named))) = (block, &options.blocking) else {
            return Ok(None);
        };
        let span = Span::mixed_site().located_at(word.span());
        let default = format_ident!("Blocking{}", valid::name_of_client(&block, word)?);
        Ok(Some(Twin {
            name: generated(named.as_ref().map_or(&default, |named| &named.name), span),
            said_vis: named.as_ref().and_then(|named| named.vis.clone()),
            vis: Visibility::Inherited,
            attrs: block.attrs.clone(),
            client: Client::of(block, options.krate(span), span),
            derives: options.derive.clone().map(|(_, derives)| derives).unwrap_or_default(),
            extends: options.extend.is_some(),
            members: TokenStream::new(),
            word: word.clone(),
        }))
    }

    /// Adds the twin of a method. Of one that is `refused` it is only the signature: those who call
    /// it shall not see a second error.
    pub(crate) fn add_method(&mut self, method: Method, refused: bool) -> Option<Error> {
        self.show(&method.vis);
        let (expanded, error) = method.expand(&self.client, refused);
        self.members.extend(expanded);
        error
    }

    /// The twin, and the error that it has no members. `inner` are the attributes within the braces.
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
    /// pub struct BlockingClient<T: Load>(Client<T>);
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
    /// The twin is as visible as its most visible member.
    fn show(&mut self, member: &Visibility) {
        if visibility::rank(member) > visibility::rank(&self.vis) {
            self.vis = member.clone();
        }
    }

    fn definition(&self) -> TokenStream {
        let Twin { name, client, derives, .. } = self;
        let Client { krate, span, ty, .. } = client;
        let docs = docs::of_struct(client);
        let attrs = self.attrs.iter().filter(|attr| !attr.path().is_ident("doc"));
        let derive = (!derives.is_empty())
            .then(|| quote_spanned!(*span=> #[#krate::__private::derive(#derives)]));
        let vis = visibility::generated(self.said_vis.as_ref().unwrap_or(&self.vis), *span);
        let generics = client.generics_of_struct();
        let condition = &generics.where_clause;
        let conversions = self.conversions();
        quote_spanned! {*span=>
            #(#attrs)*
            #docs
            #derive
            #vis struct #name #generics (#ty) #condition;
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
            // What is private has no twin to link to.
            #[cfg_attr(doc, allow(rustdoc::broken_intra_doc_links))]
            impl #parameters #twin #condition { #members }
        }
    }
}

/// The name of a generated item.
fn generated(name: &Ident, span: Span) -> Ident {
    let mut name = name.clone();
    name.set_span(span.located_at(name.span()));
    name
}
