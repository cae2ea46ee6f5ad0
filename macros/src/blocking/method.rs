//! The twin of a method.

use std::mem;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{
    Attribute, Error, Expr, FnArg, GenericParam, Ident, LitStr, Result, ReturnType, Signature,
    Visibility, parse_quote_spanned,
};

use super::client::Client;
use super::outcome::{Outcome, Position};
use super::{docs, future, generated, held, receiver, visibility};
use crate::item::Function;
use crate::options::Options;
use crate::{arguments, attributes, valid};

/// A method that gets a twin.
pub(crate) struct Method {
    attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    kind: Kind,
    /// Whether an error of the wait becomes the method's own error.
    is_fallible: bool,
    /// Whether what the method returns is a stream, whatever its name.
    is_stream: bool,
    /// The option that makes a task run the future.
    spawn: Option<Ident>,
    /// The bridge that the twin names, for a future that is no call.
    bridge: Option<(Ident, Expr)>,
}

/// What the client's method returns.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Call,
    /// A future of the compiler's, or another one.
    Future {
        is_plain: bool,
    },
    Offload,
    Value,
}

impl Kind {
    fn waits(self) -> bool {
        matches!(self, Kind::Call | Kind::Future { .. })
    }
}

impl Method {
    /// Makes a method of a function in the client's block. Returns `None` for a private function.
    pub(crate) fn of(function: &Function, options: &Options) -> Option<Method> {
        let Function { attrs, vis, sig, .. } = function;
        if visibility::is_private(vis) {
            return None;
        }
        let mut sig = sig.clone();
        let kind = match (function.is_async(), &options.offload) {
            (true, _) if options.twin_only.is_none() && options.spawn.is_none() => Kind::Call,
            (true, _) => Kind::Future { is_plain: true },
            (false, Some(_)) => Kind::Offload,
            (false, None) if future::await_output(&mut sig) => Kind::Future { is_plain: false },
            (false, None) => Kind::Value,
        };
        let (is_fallible, is_stream) = (options.fallible.is_some(), options.iter.is_some());
        let is_future = matches!(kind, Kind::Future { .. });
        Some(Method {
            attrs: docs::of_twin(attributes::for_twin(attrs)),
            vis: vis.clone(),
            sig,
            kind,
            is_fallible,
            is_stream,
            spawn: options.spawn.clone(),
            bridge: options.bridge.clone().filter(|_| is_future),
        })
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
        let this = receiver::client_of(&self.sig, client);
        let wrong_output = self.for_twin(&mut self.sig.clone(), client).err();
        let wrong_bridge = self.name_bridge(client).err();
        let wrong_task = self.check_task().err();
        let refused = refused || wrong_bridge.is_some() || wrong_task.is_some();
        let error = this.as_ref().err().cloned().or(wrong_output).or(wrong_bridge).or(wrong_task);
        let this = this.ok().filter(|_| !refused);
        self.describe(client);
        attributes::call_deprecated(&mut self.attrs, client.span);
        if this.is_none() {
            self.attrs.push(parse_quote_spanned!(client.span=> #[allow(unused)]));
        } else if self.kind.waits() {
            attributes::track_caller(&mut self.attrs, client.span);
        }
        let (attrs, vis) = (&self.attrs, generated::visibility(&self.vis, client.span));
        let versions = versions(self.sig.clone()).into_iter().map(|(condition, sig)| {
            let twin = self.twin(sig, this.as_ref(), client);
            quote_spanned!(client.span=> #condition #(#attrs)* #vis #twin)
        });
        (versions.collect(), error)
    }

    /// Adds the twin's paragraph to the documentation.
    fn describe(&mut self, client: &Client) {
        let link = client.link_to(&self.sig.ident);
        let paragraph = match self.kind {
            Kind::Call | Kind::Future { .. } => format!("The blocking form of {link}."),
            Kind::Offload => {
                format!("The blocking form of {link}: it runs on the calling thread.")
            }
            Kind::Value => format!("The same as {link}."),
        };
        self.attrs = docs::with_paragraph(std::mem::take(&mut self.attrs), &paragraph);
    }
}

impl Method {
    /// Makes the signature and the body of a twin. Without `this` an error has been reported already, and the body
    /// calls nothing.
    fn twin(
        &self,
        mut sig: Signature,
        this: Option<&Option<TokenStream>>,
        client: &Client,
    ) -> TokenStream {
        let Client { krate, span, .. } = client;
        let arguments = plain_arguments(&mut sig);
        let called = sig.ident.clone();
        sig.ident = generated::name(&called, *span);
        // If the output is wrong, an error has been reported already, and the output stays that of the client.
        let outcome = self.for_twin(&mut sig, client).unwrap_or(Outcome::Nowhere);
        let Some(this) = this else {
            return quote_spanned!(*span=> #sig { loop {} });
        };
        let returned = call(&sig, &called, &quote!(#this #(#arguments),*), client);
        let value = match self.kind {
            Kind::Value => returned,
            Kind::Offload => quote_spanned!(*span=> #krate::Offload::wait(#returned)),
            Kind::Call => self.wait(returned, client),
            Kind::Future { is_plain } => {
                let name = LitStr::new(&called.unraw().to_string(), *span);
                let bridge = self.bridge.as_ref().map(|(_, bridge)| bridge);
                // Another future may need a runtime when it is made, and is made where it is polled.
                let future = match (self.spawn.is_some(), is_plain) {
                    (true, _) => {
                        let private = quote_spanned!(*span=> #krate::__private);
                        let bridge = match bridge {
                            None => quote_spanned!(*span=> #private::None),
                            Some(bridge) => quote_spanned!(*span=> #private::Some(&#bridge)),
                        };
                        quote_spanned!(*span=> #private::spawned(#bridge, move || #returned))
                    }
                    (false, true) => returned,
                    (false, false) => quote_spanned!(*span=> async move { #returned.await }),
                };
                let call = quote_spanned!(*span=> #krate::__private::call(|| #name, #future));
                let on = bridge.map(|bridge| quote_spanned!(*span=> .on(&#bridge)));
                self.wait(quote_spanned!(*span=> #call #on), client)
            }
        };
        let value = outcome.for_twin(value, client);
        quote_spanned!(*span=> #sig { #value })
    }

    /// Makes the bridge one that the twin can name: there, `self` is the twin, and the arguments may have other names.
    fn name_bridge(&mut self, client: &Client) -> Result<()> {
        let Some((on, bridge)) = &mut self.bridge else { return Ok(()) };
        let arguments = held::arguments(&self.sig).collect();
        *bridge = held::outside_of_methods(bridge, client, &arguments)
            .ok_or_else(|| valid::no_bridge_for_the_twin(on))?;
        Ok(())
    }

    /// Refuses a task that has nothing to run, or that would borrow from its caller.
    fn check_task(&self) -> Result<()> {
        match (&self.spawn, self.kind) {
            (Some(spawn), Kind::Offload | Kind::Value) => Err(valid::nothing_to_spawn(spawn)),
            (Some(_), Kind::Future { is_plain: true }) => valid::check_borrows_of_task(&self.sig),
            _ => Ok(()),
        }
    }

    /// Returns the expression that waits for a call.
    fn wait(&self, call: TokenStream, client: &Client) -> TokenStream {
        let Client { krate, span, .. } = client;
        if !self.is_fallible() {
            return quote_spanned!(*span=> #krate::Call::wait(#call));
        }
        let private = quote_spanned!(*span=> #krate::__private);
        quote_spanned! {*span=>
            match #krate::Call::try_wait(#call) {
                #private::Ok(__output) => __output,
                #private::Err(__error) => #private::Err(
                    #private::From::from(#krate::WaitError::without_call(__error)),
                ),
            }
        }
    }

    /// Whether the method returns an error where it cannot wait.
    fn is_fallible(&self) -> bool {
        let returns_result = match &self.sig.output {
            ReturnType::Default => false,
            ReturnType::Type(_, ty) => future::is_called(ty, "Result"),
        };
        self.is_fallible && returns_result
    }

    /// Turns a signature of the client's into one of the twin's.
    ///
    /// # Errors
    ///
    /// When its output contains a `Self` of which no twin can be made.
    fn for_twin(&self, sig: &mut Signature, client: &Client) -> Result<Outcome> {
        let output = mem::replace(&mut sig.output, ReturnType::Default);
        client.name_in_signature(sig);
        sig.output = output;
        let position =
            Position::Value { is_stream: self.is_stream, this: receiver::reference(sig) };
        let outcome = match &mut sig.output {
            ReturnType::Default => Ok(Outcome::Nowhere),
            ReturnType::Type(_, ty) => Outcome::of(ty, client, position),
        };
        sig.asyncness = None;
        // Code that takes the client out of the twin may drop the rest of it, which is not possible in `const` code.
        let takes_client = receiver::takes_client(sig);
        let is_const = outcome.as_ref().is_ok_and(Outcome::is_const);
        sig.constness = sig.constness.filter(|_| is_const && !takes_client);
        sig.fn_token.span = client.span;
        receiver::for_twin(sig);
        outcome
    }
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
