//! The twin of a method.

use std::mem;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{
    Attribute, Error, FnArg, GenericParam, Ident, Result, ReturnType, Signature, Type,
    TypeReference, Visibility, parse_quote_spanned,
};

use super::client::{Client, is_self};
use super::outcome::Outcome;
use super::{docs, generated, visibility};
use crate::item::Function;
use crate::options::Options;
use crate::{arguments, attributes, valid};

/// A method that gets a twin.
pub(crate) struct Method {
    attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Async,
    Offloaded,
    Sync,
}

impl Method {
    /// Makes a method of a function in the client's block. Returns `None` for a private function.
    pub(crate) fn of(function: &Function, options: &Options) -> Option<Method> {
        let Function { attrs, vis, sig, .. } = function;
        let kind = match (function.is_async(), &options.offload) {
            (true, _) => Kind::Async,
            (false, Some(_)) => Kind::Offloaded,
            (false, None) => Kind::Sync,
        };
        let method = || Method {
            attrs: attributes::for_twin(attrs),
            vis: vis.clone(),
            sig: sig.clone(),
            kind,
        };
        (!visibility::is_private(vis)).then(method)
    }

    /// Makes the twin of the method.
    ///
    /// Input:
    ///
    /// ```text
    /// /// Reads a value.
    /// pub async fn get<T>(&mut self, Key { name, .. }: Key, mut tries: u32) -> T { BODY }
    /// ```
    ///
    /// Output:
    ///
    /// ```text
    /// /// Reads a value.
    /// ///
    /// /// The blocking form of [`Client::get`].
    /// #[track_caller]
    /// pub fn get<T>(&mut self, __arg1: Key, tries: u32) -> T {
    ///     Call::wait(<Client>::get::<T>(DropInside::get_mut(&mut self.0), __arg1, tries))
    /// }
    /// ```
    pub(crate) fn expand(mut self, client: &Client, refused: bool) -> (TokenStream, Option<Error>) {
        let this = this(&self.sig, client);
        let wrong_output = for_twin(&mut self.sig.clone(), client).err();
        let error = this.as_ref().err().cloned().or(wrong_output);
        let this = this.ok().filter(|_| !refused);
        self.describe(client);
        attributes::call_deprecated(&mut self.attrs, client.span);
        if this.is_none() {
            self.attrs.push(parse_quote_spanned!(client.span=> #[allow(unused)]));
        } else if self.kind == Kind::Async {
            attributes::track_caller(&mut self.attrs, client.span);
        }
        let Method { attrs, vis, sig, kind } = self;
        let vis = generated::visibility(&vis, client.span);
        let versions = versions(sig).into_iter().map(|(condition, sig)| {
            let twin = twin(sig, kind, this.as_ref(), client);
            quote_spanned!(client.span=> #condition #(#attrs)* #vis #twin)
        });
        (versions.collect(), error)
    }

    /// Adds the twin's paragraph to the documentation.
    fn describe(&mut self, client: &Client) {
        let link = client.link_to(&self.sig.ident);
        let paragraph = match self.kind {
            Kind::Async => format!("The blocking form of {link}. It panics in async code."),
            Kind::Offloaded => {
                format!("The blocking form of {link}: it runs on the calling thread.")
            }
            Kind::Sync => format!("The same as {link}."),
        };
        self.attrs = docs::with_paragraph(std::mem::take(&mut self.attrs), &paragraph);
    }
}

/// Returns the expression on which the client's method is called, with a comma, or `None` if it has no receiver.
fn this(sig: &Signature, client: &Client) -> Result<Option<TokenStream>> {
    let Some(receiver) = sig.receiver() else {
        return Ok(None);
    };
    let mutability = match (&receiver.reference, &*receiver.ty) {
        (Some(_), _) => Some(receiver.mutability),
        (None, Type::Reference(TypeReference { mutability, elem, .. })) if is_self(elem) => {
            Some(*mutability)
        }
        (None, ty) if is_self(ty) => None,
        (None, ty) => return Err(valid::no_twin_of_receiver(ty)),
    };
    let this = &receiver.self_token;
    let lent = match mutability {
        None => client.taken_out_of(this),
        Some(None) => client.lent_by(this),
        Some(Some(_)) => client.lent_mutably_by(this),
    };
    Ok(Some(quote_spanned!(client.span=> #lent,)))
}

/// Makes the signature and the body of a twin. Without `this` an error has been reported already, and the body
/// calls nothing.
fn twin(
    mut sig: Signature,
    kind: Kind,
    this: Option<&Option<TokenStream>>,
    client: &Client,
) -> TokenStream {
    let Client { krate, span, .. } = client;
    let arguments = plain_arguments(&mut sig);
    let called = sig.ident.clone();
    sig.ident = generated::name(&called, *span);
    // If the output is wrong, an error has been reported already, and the output stays that of the client.
    let outcome = for_twin(&mut sig, client).unwrap_or(Outcome::Nowhere);
    let Some(this) = this else {
        return quote_spanned!(*span=> #sig { loop {} });
    };
    let call = call(&sig, &called, &quote!(#this #(#arguments),*), client);
    let value = match kind {
        Kind::Async => quote_spanned!(*span=> #krate::Call::wait(#call)),
        Kind::Offloaded => quote_spanned!(*span=> #krate::Offload::wait(#call)),
        Kind::Sync => call,
    };
    let value = outcome.for_twin(value, client);
    quote_spanned!(*span=> #sig { #value })
}

/// Turns a signature of the client's into one of the twin's.
///
/// # Errors
///
/// When its output contains a `Self` of which no twin can be made.
fn for_twin(sig: &mut Signature, client: &Client) -> Result<Outcome> {
    let output = mem::replace(&mut sig.output, ReturnType::Default);
    client.name_in_signature(sig);
    sig.output = output;
    let outcome = match &mut sig.output {
        ReturnType::Default => Ok(Outcome::Nowhere),
        ReturnType::Type(_, ty) => Outcome::of(ty, client),
    };
    sig.asyncness = None;
    // Code that takes the client out of the twin may drop the rest of it, which is not possible in `const` code.
    let takes_client = sig.receiver().is_some_and(|receiver| is_self(&receiver.ty));
    let is_const = outcome.as_ref().is_ok_and(Outcome::is_const);
    sig.constness = sig.constness.filter(|_| is_const && !takes_client);
    sig.fn_token.span = client.span;
    outcome
}

fn call(sig: &Signature, name: &Ident, arguments: &TokenStream, client: &Client) -> TokenStream {
    let Client { span, ty, .. } = client;
    let parameters = explicit(sig);
    let call = quote_spanned!(*span=> <#ty>::#name #parameters(#arguments));
    match sig.unsafety {
        Some(_) => quote_spanned!(*span=> unsafe { #call }),
        None => call,
    }
}

/// Gives each argument a plain name, and returns the names.
fn plain_arguments(sig: &mut Signature) -> Vec<Ident> {
    let mut names = Vec::new();
    for (index, argument) in sig.inputs.iter_mut().enumerate() {
        match argument {
            FnArg::Receiver(receiver) if receiver.reference.is_none() => receiver.mutability = None,
            FnArg::Receiver(_) => {}
            FnArg::Typed(argument) => {
                argument.attrs.clear();
                names.push(arguments::rename(argument, index));
            }
        }
    }
    names
}

/// Returns the type and const arguments of a call, since they cannot always be inferred.
fn explicit(sig: &Signature) -> Option<TokenStream> {
    let names = sig.generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Lifetime(_) => None,
        GenericParam::Type(parameter) => Some(&parameter.ident),
        GenericParam::Const(parameter) => Some(&parameter.ident),
    });
    let names: Vec<_> = names.collect();
    (!names.is_empty()).then(|| quote!(::<#(#names),*>))
}

/// Splits a signature by the `cfg`s of its arguments, since an argument of a call cannot have a `cfg`.
///
/// Input:
///
/// ```text
/// fn get(&self, #[cfg(unix)] mode: u32)
/// ```
///
/// Output:
///
/// ```text
/// #[cfg(all(unix))] fn get(&self, mode: u32)
/// #[cfg(not(all(unix)))] fn get(&self)
/// ```
fn versions(sig: Signature) -> Vec<(TokenStream, Signature)> {
    let condition = |argument: &FnArg| match argument {
        FnArg::Typed(argument) => attributes::condition(&argument.attrs),
        FnArg::Receiver(_) => None,
    };
    let mut arguments = sig.inputs.iter().enumerate();
    let Some((index, condition)) =
        arguments.find_map(|(index, argument)| Some((index, condition(argument)?)))
    else {
        return vec![(TokenStream::new(), sig)];
    };
    let (mut with, mut without) = (sig.clone(), sig);
    if let FnArg::Typed(argument) = &mut with.inputs[index] {
        argument.attrs.clear();
    }
    let others = without.inputs.into_iter().enumerate().filter(|(other, _)| *other != index);
    without.inputs = others.map(|(_, argument)| argument).collect();
    let under = |condition: TokenStream| {
        move |(other, sig): (TokenStream, Signature)| (quote!(#[cfg(#condition)] #other), sig)
    };
    let with = versions(with).into_iter().map(under(condition.clone()));
    let without = versions(without).into_iter().map(under(quote!(not(#condition))));
    with.chain(without).collect()
}
